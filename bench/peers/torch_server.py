"""Peer for side-by-side measurement: the LIF gradient as a FastAPI service on eager PyTorch, the way snnTorch and
SpikingJelly's torch back-end step through time. Same JSON as jax_server.py's /lif/grad.

    pip install torch fastapi uvicorn orjson
"""
import numpy as np
import orjson
import torch
from fastapi import FastAPI, Request, Response

app = FastAPI()


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.save_for_backward(x)
        ctx.alpha = alpha
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx, up):
        s = torch.sigmoid(ctx.alpha * ctx.saved_tensors[0])
        return up * ctx.alpha * s * (1 - s), None


@app.post("/lif/grad")
async def lif_grad(req: Request):
    b = orjson.loads(await req.body())
    i = torch.tensor(b["current"], dtype=torch.float32, requires_grad=True)
    v = torch.zeros_like(i)
    counts = torch.zeros_like(i)
    for _ in range(b["steps"]):
        v = v + (-v + i) / b["tau"] * b["dt"]
        s = Spike.apply(v - 1.0, 4.0)
        counts = counts + s
        v = v * (1.0 - s)
    counts.sum().backward()
    out = {"counts": counts.detach().numpy(), "grad": np.asarray(i.grad)}
    return Response(orjson.dumps(out, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")
