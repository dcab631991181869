#!/usr/bin/env bash
# The service from a shell, in JSON, as .npy and as raw bytes. Needs curl and coreutils.
#
#   SURROGATE_URL=http://127.0.0.1:3000 bash examples/curl.sh
set -euo pipefail

url=${SURROGATE_URL:-http://127.0.0.1:3000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Sends a body to a path. Where the service refuses it, --fail-with-body shows what it says and ends the script.
post() {
  curl --silent --show-error --fail-with-body "$url$1" "${@:2}"
}

post_json() {
  post "$1" --header 'Content-Type: application/json' --data "$2"
}

# Prints the little-endian float32 of standard input.
floats() {
  od --address-radix=n --format=f4 --endian=little --width=20
}

echo 'surrogate/eval'
post_json /surrogate/eval '{"x": [-1, 0, 1], "surrogate": "sigmoid"}'

printf '\n\nsurrogate/grad\n'
post_json /surrogate/grad '{"x": [-1, 0, 1], "surrogate": {"name": "sigmoid", "alpha": 4}}'

printf '\n\nlif/simulate\n'
post_json /lif/simulate '{"current": 1.5, "steps": 500, "record": ["spike_counts", "firing_rates", "spike_times"]}'

printf '\n\nlif/grad\n'
post_json /lif/grad '{"current": {"linspace": [0.5, 2.5, 50]}, "steps": 100}'

printf '\n\nnetwork/grad\n'
post_json /network/grad '{"input": [[[1, 0, 1, 1], [0, 1, 1, 0]]], "dt": 1, "layers": [{"weight": [[1.5, 1], [1, 3]], "neuron": {"tau": 2}}]}'

# What numpy.save(file, numpy.float32([-1, -0.5, 0, 0.5, 1])) writes: a header of 128 bytes, then the numbers.
floats_of_x='\x00\x00\x80\xbf\x00\x00\x00\xbf\x00\x00\x00\x00\x00\x00\x00\x3f\x00\x00\x80\x3f'
{
  printf '\x93NUMPY\x01\x00\x76\x00'
  printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }"
  printf "$floats_of_x"
} > x.npy

printf '\n\nsurrogate/grad as .npy\n'
post '/surrogate/grad?surrogate=sigmoid&alpha=4' --header 'Content-Type: application/x-npy' --data-binary @x.npy --output grad.npy
tail --bytes=20 grad.npy | floats

# JSON, and behind it the bytes of the tensors that it announces. The answer is framed the same way, here with one tensor of 20 bytes.
json='{"x": {"dtype": "float32", "shape": [5], "binary_data_size": 20}, "surrogate": "sigmoid"}'
{
  printf '%s' "$json"
  printf "$floats_of_x"
} > request.bin

printf '\nsurrogate/grad as bytes\n'
post /surrogate/grad \
  --header 'Content-Type: application/octet-stream' \
  --header "Inference-Header-Content-Length: ${#json}" \
  --header 'Accept: application/octet-stream' \
  --data-binary @request.bin --output answer.bin
head --bytes=-20 answer.bin
echo
tail --bytes=20 answer.bin | floats
