"""The service from NumPy, with nothing else but the standard library: JSON, tensors as bytes both ways, and .npy.

    SURROGATE_URL=http://127.0.0.1:3000 python examples/numpy_client.py

The other examples in Python import `post_framed` from here.
"""

import io
import json
import os
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import numpy as np

URL = os.environ.get('SURROGATE_URL', 'http://127.0.0.1:3000')


def post(path, body, headers):
    """The answer's headers and bytes; RuntimeError with what the service says was wrong with the request."""
    try:
        with urlopen(Request(URL + path, body, headers)) as answer:
            return answer.headers, answer.read()
    except HTTPError as error:
        raise RuntimeError(f'{error.code}: {json.load(error)["detail"]}') from None


def post_json(path, request):
    """Numbers as text: simple, and fine for small tensors."""
    _, body = post(path, json.dumps(request).encode(), {'Content-Type': 'application/json'})
    return json.loads(body)


def post_framed(path, request):
    """Arrays as bytes, wherever they stand in the request and in the answer."""
    arrays = []

    # JSON calls this for each array as it comes to it, so that bytes and JSON have the same order.
    def announce(array):
        array = np.asarray(array, dtype='<f8' if array.dtype == np.float64 else '<f4')
        arrays.append(array.tobytes())
        return {'dtype': array.dtype.name, 'shape': array.shape, 'binary_data_size': array.nbytes}

    head = json.dumps(request, default=announce).encode()
    headers, body = post(path, b''.join([head, *arrays]), {
        'Content-Type': 'application/octet-stream',
        'Inference-Header-Content-Length': str(len(head)),
        'Accept': 'application/octet-stream',
    })
    offset = int(headers['Inference-Header-Content-Length'])

    def attach(node):
        nonlocal offset
        if 'binary_data_size' not in node:
            return node
        array = np.ndarray(node['shape'], np.dtype(node['dtype']).newbyteorder('<'), body, offset)
        offset += node['binary_data_size']
        return array.copy()

    return json.loads(body[:offset], object_hook=attach)


def post_npy(path, array, **options):
    """One array to one array; everything else stands in the URL."""
    file = io.BytesIO()
    np.save(file, array)
    _, body = post(f'{path}?{urlencode(options)}', file.getvalue(), {'Content-Type': 'application/x-npy'})
    return np.load(io.BytesIO(body))


def statistics(values):
    return f'mean {np.mean(values):.4f}, max {np.max(values):.4f}, min {np.min(values):.4f}'


def main():
    answer = post_json('/surrogate/grad', {'x': 0, 'surrogate': {'name': 'sigmoid', 'alpha': 4}})
    print("the sigmoid's gradient at 0:", answer['results'][0]['grad'])

    answer = post_json('/lif/simulate', {'current': 1.5, 'steps': 500, 'record': ['firing_rates', 'spike_times']})
    print('spikes at', *answer['spike_times'][0], 'ms:', answer['firing_rates'][0], 'Hz')

    answer = post_json('/lif/grad', {'current': {'linspace': [0.5, 2.5, 50]}, 'steps': 100})
    print('gradient in JSON:', statistics(answer['results'][0]['grad']['current']))

    current = np.linspace(0.5, 2.5, 50, dtype=np.float32)
    answer = post_framed('/lif/grad', {'current': current, 'steps': 100})
    print('gradient as bytes:', statistics(answer['results'][0]['grad']['current']))

    print('gradient as .npy:', statistics(post_npy('/lif/grad', current, steps=100, wrt='current')))

    spikes = post_npy('/lif/simulate', np.float32([1.5]), steps=500, record='spikes')
    print(f'spikes as .npy, {spikes.dtype} of shape {spikes.shape}: at steps', *np.flatnonzero(spikes))

    x = np.linspace(-1, 1, 6).reshape(2, 3).T
    framed = post_framed('/surrogate/grad', {'x': x, 'surrogate': 'sigmoid'})['results'][0]['grad']
    print('a transposed float64 array, either way the same:', np.array_equal(framed, post_npy('/surrogate/grad', x, surrogate='sigmoid')))


if __name__ == '__main__':
    main()
