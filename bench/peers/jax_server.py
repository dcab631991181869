"""Peer for side-by-side measurement: the same LIF gradient and surrogate gradient as a FastAPI service on JAX.

What a Python user would write instead of using this project: FastAPI + orjson on uvicorn, JAX jit-compiled,
one compiled function kept per (surrogate, steps, tau, dt). Sigmoid surrogate, Euler step, spike at v >= 1, hard reset to 0,
gradient through the reset.

    pip install jax fastapi uvicorn orjson        # uvloop and httptools too where they can be had

POST /lif/grad            {"current":[...B], "steps":T, "tau":..., "dt":...} -> {"counts":[...B], "grad":[...B]}
POST /lif/grad.bin?steps=&tau=&dt=   body: B little-endian float32 -> 2*B float32 (counts, then grad)
POST /lif/grad.steps.bin?neurons=&tau=&dt=   body: B*T float32, a current per step -> B + B*T float32
POST /surrogate/grad      {"x":[...], "alpha":4} -> {"grad":[...]}
POST /surrogate/grad.bin?alpha=      body: N float32 -> N float32
"""
import functools

import jax
import jax.numpy as jnp
import numpy as np
import orjson
from fastapi import FastAPI, Request, Response

app = FastAPI()


def sigmoid_grad(x, alpha):
    s = jax.nn.sigmoid(alpha * x)
    return alpha * s * (1 - s)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def spike(x, alpha):
    return (x >= 0).astype(x.dtype)


@spike.defjvp
def _(alpha, primals, tangents):
    (x,), (t,) = primals, tangents
    return spike(x, alpha), sigmoid_grad(x, alpha) * t


@functools.lru_cache(maxsize=64)
def lif_grad(alpha, steps, tau, dt):
    def total(i):
        def step(v, _):
            v = v + (-v + i) / tau * dt
            s = spike(v - 1.0, alpha)
            return v * (1.0 - s), s
        _, s = jax.lax.scan(step, jnp.zeros_like(i), None, length=steps)
        return jnp.sum(s), jnp.sum(s, 0)
    return jax.jit(jax.value_and_grad(total, has_aux=True))


@functools.lru_cache(maxsize=64)
def lif_grad_per_step(alpha, tau, dt):
    def total(currents):
        def step(v, i):
            v = v + (-v + i) / tau * dt
            s = spike(v - 1.0, alpha)
            return v * (1.0 - s), s
        _, s = jax.lax.scan(step, jnp.zeros_like(currents[:, 0]), currents.T)
        return jnp.sum(s), jnp.sum(s, 0)
    return jax.jit(jax.value_and_grad(total, has_aux=True))


@functools.lru_cache(maxsize=64)
def surrogate_grad(alpha):
    return jax.jit(lambda x: sigmoid_grad(x, alpha))


def json_response(obj):
    return Response(orjson.dumps(obj, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


def binary_response(*arrays):
    return Response(np.concatenate([np.asarray(a, np.float32) for a in arrays]).tobytes(), media_type="application/octet-stream")


@app.post("/lif/grad")
async def lif_grad_json(req: Request):
    b = orjson.loads(await req.body())
    (_, counts), grad = lif_grad(4.0, b["steps"], b["tau"], b["dt"])(np.asarray(b["current"], np.float32))
    return json_response({"counts": np.asarray(counts), "grad": np.asarray(grad)})


@app.post("/lif/grad.bin")
async def lif_grad_binary(req: Request):
    q = req.query_params
    i = np.frombuffer(await req.body(), np.float32)
    (_, counts), grad = lif_grad(4.0, int(q["steps"]), float(q["tau"]), float(q["dt"]))(i)
    return binary_response(counts, grad)


@app.post("/lif/grad.steps.bin")
async def lif_grad_per_step_binary(req: Request):
    q = req.query_params
    i = np.frombuffer(await req.body(), np.float32).reshape(int(q["neurons"]), -1)
    (_, counts), grad = lif_grad_per_step(4.0, float(q["tau"]), float(q["dt"]))(i)
    return binary_response(counts, np.asarray(grad).ravel())


@app.post("/surrogate/grad")
async def surrogate_grad_json(req: Request):
    b = orjson.loads(await req.body())
    return json_response({"grad": np.asarray(surrogate_grad(float(b["alpha"]))(np.asarray(b["x"], np.float32)))})


@app.post("/surrogate/grad.bin")
async def surrogate_grad_binary(req: Request):
    x = np.frombuffer(await req.body(), np.float32)
    return binary_response(surrogate_grad(float(req.query_params["alpha"]))(x))
