"""A Flask app whose page says which Python and which server run it."""
import sys

from flask import Flask, request

app = Flask(__name__)


@app.route("/")
def hello():
    """The page."""
    return (
        f"<h1>Hello from Flask on Python {sys.version.split()[0]}</h1>\n"
        f"<p>sys.version: {sys.version}</p>\n"
        f"<p>sys.executable: {sys.executable}</p>\n"
        f"<p>served by: {request.environ['SERVER_SOFTWARE']}</p>\n")
