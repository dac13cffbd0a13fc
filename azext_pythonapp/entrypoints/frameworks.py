"""The names in Python web frameworks that create, wrap, change and serve an application."""

from __future__ import annotations

from azext_pythonapp.entrypoints.application import Framework

# Calls that create an application, by full dotted name.
MAKERS: dict[str, Framework] = {
    "flask.Flask": "flask",
    "flask.app.Flask": "flask",
    "dash.Dash.server": "flask",
    "flask_openapi3.OpenAPI": "flask",
    "apiflask.APIFlask": "flask",
    "bottle.Bottle": "bottle",
    "bottle.default_app": "bottle",
    "bottle.app": "bottle",
    "fastapi.FastAPI": "fastapi",
    "fastapi.applications.FastAPI": "fastapi",
    "starlette.applications.Starlette": "starlette",
    "django.core.wsgi.get_wsgi_application": "django",
    "django.core.handlers.wsgi.WSGIHandler": "django",
    "django.core.asgi.get_asgi_application": "asgi",
    "channels.routing.ProtocolTypeRouter": "asgi",
    "falcon.App": "wsgi",
    "falcon.API": "wsgi",
    "webapp2.WSGIApplication": "wsgi",
    "hug.API": "wsgi",
    "cherrypy.Application": "wsgi",
    "cherrypy.tree.mount": "wsgi",
    "chalice.Chalice": "wsgi",
    "falcon.asgi.App": "asgi",
    "quart.Quart": "asgi",
    "litestar.Litestar": "asgi",
    "sanic.Sanic": "asgi",
    "blacksheep.Application": "asgi",
    "robyn.Robyn": "asgi",
    "connexion.AsyncApp": "asgi",
    "tornado.wsgi.WSGIAdapter": "wsgi",
}
WSGI_METHODS = ("make_wsgi_app", "wsgifunc")
# Decorators that make a function an application.
WSGI_DECORATORS = (
    "werkzeug.wrappers.Request.application",
    "werkzeug.Request.application",
    "webob.dec.wsgify",
    "flask.Request.application",
)
DASH = (
    "dash.Dash",
    "dash.dash.Dash",
    "jupyter_dash.JupyterDash",
    "dash_extensions.enrich.DashProxy",
    "django_plotly_dash.DjangoDash",
)

# Calls that wrap an application, and the kind of the result; None for the kind of the wrapped one.
WRAPPERS: dict[str, Framework | None] = {
    "a2wsgi.ASGIMiddleware": "wsgi",
    "a2wsgi.WSGIMiddleware": "asgi",
    "asgiref.wsgi.WsgiToAsgi": "asgi",
    "starlette.middleware.wsgi.WSGIMiddleware": "asgi",
    "fastapi.middleware.wsgi.WSGIMiddleware": "asgi",
    "uvicorn.middleware.wsgi.WSGIMiddleware": "asgi",
    "hypercorn.middleware.AsyncioWSGIMiddleware": "asgi",
    "socketio.WSGIApp": "wsgi",
    "socketio.ASGIApp": "asgi",
    "socketio.Middleware": "wsgi",
    "engineio.WSGIApp": "wsgi",
    "engineio.ASGIApp": "asgi",
    "whitenoise.WhiteNoise": None,
    "whitenoise.django.DjangoWhiteNoise": None,
    "dj_static.Cling": None,
    "static.Cling": None,
    "hypercorn.middleware.ProxyFixMiddleware": None,
    "hypercorn.middleware.DispatcherMiddleware": None,
    "uvicorn.middleware.proxy_headers.ProxyHeadersMiddleware": None,
    "werkzeug.debug.DebuggedApplication": None,
    "werkzeug.wsgi.DispatcherMiddleware": None,
    "werkzeug.wsgi.SharedDataMiddleware": None,
    "werkzeug.contrib.fixers.ProxyFix": None,
    "paste.translogger.TransLogger": None,
}
WRAPPER_MODULES = (
    "werkzeug.middleware.",
    "starlette.middleware.",
    "fastapi.middleware.",
    "asgi_correlation_id.",
    "opentelemetry.instrumentation.",
    "sentry_sdk.integrations.",
    "elasticapm.contrib.",
)
# Adapters for servers of the other kind; the wrapped application can be served directly as well.
ADAPTERS = (
    "asgiref.wsgi.WsgiToAsgi",
    "a2wsgi.WSGIMiddleware",
    "starlette.middleware.wsgi.WSGIMiddleware",
    "fastapi.middleware.wsgi.WSGIMiddleware",
    "uvicorn.middleware.wsgi.WSGIMiddleware",
    "hypercorn.middleware.AsyncioWSGIMiddleware",
)

# Classes and functions with their own web server; neither WSGI nor ASGI servers can run them.
OWN_SERVERS = {
    "aiohttp.web.Application": "aiohttp",
    "aiohttp.web.AppRunner": "aiohttp",
    "aiohttp.web.run_app": "aiohttp",
    "tornado.web.Application": "Tornado",
    "tornado.httpserver.HTTPServer": "Tornado",
    "twisted.web.server.Site": "Twisted",
    "http.server.HTTPServer": "http.server",
    "http.server.ThreadingHTTPServer": "http.server",
    "socketserver.TCPServer": "socketserver",
    "gradio.Blocks": "Gradio",
    "gradio.Interface": "Gradio",
    "gradio.ChatInterface": "Gradio",
    "gradio.TabbedInterface": "Gradio",
    "nicegui.ui.run": "NiceGUI",
    "xmlrpc.server.SimpleXMLRPCServer": "XML-RPC",
    "websockets.serve": "websockets",
    "websockets.server.serve": "websockets",
    "panel.serve": "Panel",
}

# Calls that serve and do not return, by full dotted name.
SERVE_CALLS = (
    "waitress.serve",
    "uvicorn.run",
    "hypercorn.run",
    "hypercorn.asyncio.serve",
    "aiohttp.web.run_app",
    "bottle.run",
    "werkzeug.serving.run_simple",
    "werkzeug.run_simple",
    "cherrypy.quickstart",
    "cherrypy.engine.block",
    "eventlet.wsgi.server",
    "paste.httpserver.serve",
    "nicegui.ui.run",
    "panel.serve",
    "granian.Granian.serve",
    "meinheld.server.run",
    "bjoern.run",
)
# Methods that do the same: of an application (or an object created with one), and of any object.
RUN_METHODS = ("run", "run_server", "launch", "run_debug")
SERVE_METHODS = ("serve_forever", "run_forever")
# Objects that are created with an application and can run it.
RUNNERS = ("flask_socketio.SocketIO", "flask_script.Manager", "flask_sock.Sock")

# Changes of an application on import: attributes that are set, and methods that are called.
SET_ATTRIBUTES = ("layout",)
REGISTRATIONS = (
    "register_blueprint",
    "include_router",
    "add_url_rule",
    "add_route",
    "add_api_route",
    "mount",
    "add_resource",
    "route",
    "install",
    "merge",
)
