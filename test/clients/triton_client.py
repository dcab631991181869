"""Talks to the service by tritonclient.http as a user of Triton would, and fails where an answer is not what Triton's own would be."""

import sys

import numpy as np
import tritonclient.http as http

NEURONS, STEPS = 50, 100
MODELS = ['surrogate_eval', 'surrogate_grad', 'lif_simulate', 'lif_grad']
current = np.linspace(0.5, 2.5, NEURONS)


def given(name, values, binary):
    """An input with its data."""
    datatype = {'float32': 'FP32', 'float64': 'FP64'}[values.dtype.name]
    return http.InferInput(name, list(values.shape), datatype).set_data_from_numpy(values, binary_data=binary)


def describes(client):
    assert client.is_server_live() and client.is_server_ready()
    server = client.get_server_metadata()
    assert server['name'] == 'surrogate-gradient-service', server
    assert {'binary_tensor_data', 'model_configuration', 'statistics'} <= set(server['extensions']), server
    index = client.get_model_repository_index()
    assert [(model['name'], model['version'], model['state']) for model in index] == [(name, '1', 'READY') for name in MODELS], index
    for name in MODELS:
        for version in ['', '1']:
            assert client.is_model_ready(name, version)
            metadata = client.get_model_metadata(name, version)
            config = client.get_model_config(name, version)
            assert config['max_batch_size'] == 0
            assert [tensor['name'] for tensor in config['input']] == [tensor['name'] for tensor in metadata['inputs']]
            assert ['TYPE_' + tensor['datatype'] for tensor in metadata['outputs']] == [tensor['data_type'] for tensor in config['output']]
    assert not client.is_model_ready('nothing')


def infers(client):
    expected = None
    for dtype in ['float32', 'float64']:
        for sends in [False, True]:
            for gets in [False, True]:
                outputs = [http.InferRequestedOutput(name, binary_data=gets) for name in ['grad_current', 'spike_counts']]
                result = client.infer(
                    'lif_grad',
                    [given('current', current.astype(dtype), sends)],
                    model_version='1',
                    outputs=outputs,
                    request_id='a',
                    parameters={'steps': STEPS},
                )
                assert result.get_response()['id'] == 'a'
                grad, counts = result.as_numpy('grad_current'), result.as_numpy('spike_counts')
                assert grad.shape == (NEURONS,) and counts.dtype == np.int32
                expected = grad if expected is None else expected
                np.testing.assert_allclose(grad, expected, rtol=1e-5)
    np.testing.assert_allclose([expected.mean(), expected.max(), expected.min()], [2.0763, 3.0740, 1.6188], atol=1e-4)
    # Without outputs the client asks for all of them as bytes.
    everything = client.infer('lif_grad', [given('current', current.astype('float32'), True)], parameters={'steps': STEPS})
    assert [output['name'] for output in everything.get_response()['outputs']] == ['loss', 'spike_counts', 'grad_current']
    np.testing.assert_allclose(everything.as_numpy('grad_current'), expected, rtol=1e-5)
    return expected


def compresses(client, expected):
    large = np.tile(current, 40).astype('float32')
    for algorithm in ['gzip', 'deflate']:
        result = client.infer(
            'lif_grad',
            [given('current', large, True)],
            parameters={'steps': STEPS},
            request_compression_algorithm=algorithm,
            response_compression_algorithm=algorithm,
        )
        np.testing.assert_allclose(result.as_numpy('grad_current')[:NEURONS], expected, rtol=1e-5)


def refuses(client):
    def error_of(call):
        try:
            call()
        except http.InferenceServerException as error:
            return error.status(), error.message()
        raise AssertionError('nothing was refused')

    x = [given('x', np.zeros(1, 'float32'), True)]
    assert error_of(lambda: client.infer('surrogate_grad', x, parameters={'surrogate': 'sigmoyd'}))[0] == '400'
    status, message = error_of(lambda: client.infer('surrogate_grad', x, parameters={'surrogate': 'erf'}, outputs=[http.InferRequestedOutput('grad', class_count=2)]))
    assert status == '400' and 'classification' in message, message
    status, message = error_of(lambda: client.get_model_metadata('lif_gard'))
    assert status == '404' and 'lif_grad' in message, message
    many = [given('current', np.full(2000, 1.5, 'float32'), True)]
    status, message = error_of(lambda: client.infer('lif_simulate', many, timeout=20_000, parameters={'steps': 200_000}))
    assert status == '504' and '20000 microseconds' in message, message


def counts(client):
    def success(name):
        [stats] = client.get_inference_statistics(name)['model_stats']
        assert stats['name'] == name and stats['version'] == '1'
        return stats['inference_stats']['success']['count']

    before = success('surrogate_eval')
    client.infer('surrogate_eval', [given('x', np.zeros(3, 'float32'), False)], parameters={'surrogate': 'erf'})
    assert success('surrogate_eval') == before + 1
    assert [stats['name'] for stats in client.get_inference_statistics()['model_stats']] == MODELS


with http.InferenceServerClient(sys.argv[1]) as client:
    describes(client)
    compresses(client, infers(client))
    refuses(client)
    counts(client)
print('all as it should be')
