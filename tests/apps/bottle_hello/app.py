"""A Bottle app whose page says which Python and which server run it."""
import sys

import bottle


@bottle.route("/")
def hello():
    """The page."""
    return (
        f"<h1>Hello from Bottle {bottle.__version__} on Python {sys.version.split()[0]}</h1>\n"
        f"<p>served by: {bottle.request.environ['SERVER_SOFTWARE']}</p>\n")


application = bottle.default_app()

if __name__ == "__main__":
    bottle.run(application, host="localhost", port=8080)
