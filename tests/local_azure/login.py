"""login.microsoftonline.com: the part of Entra that `az login --service-principal` uses.

The responses are the minimum that MSAL accepts (docs/platform/local-azure.md 3). Tokens are JWTs signed with a key of this
module, so that ARM and the SCM sites know the tokens that were issued here, also by an earlier local Azure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

HOST = "login.microsoftonline.com"
TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT_ID = "33333333-3333-3333-3333-333333333333"
OBJECT_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, CLIENT_ID))
CLIENT_SECRET = "local-azure-secret"
TOKEN_SECONDS = 86399

_KEY = b"the local Azure signs its tokens with this"
_AUDIENCES = ("https://management.core.windows.net/", "https://management.azure.com/", "https://appservice.azure.com")


def issue_token(audience: str, client_id: str) -> str:
    """A bearer token for `audience` (an App ID URI), good for TOKEN_SECONDS."""
    now = int(time.time())
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "tid": TENANT,
        "appid": client_id,
        "oid": str(uuid.uuid5(uuid.NAMESPACE_DNS, client_id)),
        "idtyp": "app",
        "ver": "1.0",
        "iat": now,
        "nbf": now,
        "exp": now + TOKEN_SECONDS,
    }
    text = f"{_encode({'typ': 'JWT', 'alg': 'HS256'})}.{_encode(claims)}"
    return f"{text}.{_signature(text)}"


def principal(token: str) -> str:
    """The object id of the principal that a token was issued to."""
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["oid"])


def accepts(token: str) -> bool:
    """Whether `token` was issued here, for Azure's management or App Service, and has not expired."""
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature, _signature(text)):
        return False
    payload = text.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims["aud"].rstrip("/") in {name.rstrip("/") for name in _AUDIENCES} and claims["exp"] > time.time()


def login_app() -> Starlette:
    """The ASGI app of login.microsoftonline.com."""
    return Starlette(
        routes=[
            Route("/common/discovery/instance", _instance_discovery),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", _openid_configuration),
            Route("/{tenant}/oauth2/v2.0/token", _token, methods=["POST"]),
        ]
    )


async def _openid_configuration(request: Request) -> JSONResponse:
    tenant = request.path_params["tenant"]
    base = f"https://{HOST}/{tenant}"
    return JSONResponse(
        {
            "issuer": f"https://{HOST}/{TENANT}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        }
    )


async def _instance_discovery(_: Request) -> JSONResponse:
    return JSONResponse(
        {
            "tenant_discovery_endpoint": f"https://{HOST}/{TENANT}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {
                    "preferred_network": HOST,
                    "preferred_cache": "login.windows.net",
                    "aliases": [HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"],
                }
            ],
        }
    )


async def _token(request: Request) -> JSONResponse:
    form = dict(parse_qsl((await request.body()).decode()))
    if form.get("client_secret") != CLIENT_SECRET:
        return JSONResponse(
            {
                "error": "invalid_client",
                "error_codes": [7000215],
                "error_description": "AADSTS7000215: Invalid client secret provided.",
            },
            401,
        )
    audience = form["scope"].split()[0].removesuffix("/.default")
    return JSONResponse(
        {
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "ext_expires_in": TOKEN_SECONDS,
            "access_token": issue_token(audience, form["client_id"]),
        }
    )


def _encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _signature(text: str) -> str:
    return base64.urlsafe_b64encode(hmac.new(_KEY, text.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
