"""FastAPI with Redis as a user would write it: look the answer up, else predict and store it.

Usage: uvicorn benchmarks.peers.fastapi_app:app, with REDIS_PORT in the environment; with CLAIMS=new every claim
is taken for one that was never asked about, as the load repeats its claims.
"""

import hashlib
import itertools
import os

import redis.asyncio
from fastapi import FastAPI
from pydantic import BaseModel, Field

from benchmarks.peers.model import features, train

app = FastAPI()
model = train()
serial = itertools.count() if os.environ.get("CLAIMS") == "new" else itertools.repeat("")
cache = redis.asyncio.Redis(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]))


class Claim(BaseModel):
    """A claim with its source."""

    text: str = Field(min_length=1, max_length=10_000)
    source_id: str
    context: str = ""


class Answer(BaseModel):
    """How credible it is."""

    credibility: float


@app.post("/assess")
async def assess(claim: Claim) -> Answer:
    """Score one claim, once."""
    key = hashlib.sha256(f"{claim.model_dump_json()}{next(serial)}".encode()).hexdigest()
    cached = await cache.get(key)
    if cached is not None:
        return Answer(credibility=float(cached))
    credibility = float(model.predict_proba([features(**claim.model_dump())])[0, 1])
    await cache.set(key, credibility, ex=3600)
    return Answer(credibility=credibility)
