"""A FastAPI app, for uvicorn under HttpPlatform; its answers say which Python runs it."""
import sys

import fastapi
from pydantic import BaseModel

app = fastapi.FastAPI()


class Sum(BaseModel):
    """Two numbers to add."""

    one: int
    other: int


@app.get("/")
async def hello():
    """The page."""
    return {"hello": f"Hello from FastAPI {fastapi.__version__} on Python {sys.version.split()[0]}"}


@app.post("/sum")
async def add(numbers: Sum):
    """What pydantic, which is compiled, has read from the request."""
    return {"sum": numbers.one + numbers.other}
