"""Generated web.configs: every layout, encoding and mixture of sections that the editor has to live with."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from hypothesis import strategies as st

from azext_pythonapp.webconfig.handlers import HandlerIntent

PARTS = ("api/*", "*.py", "admin")
PYTHON_NAMES = ("PythonHandler", "Python FastCGI")
OWNED_KEYS = ("WSGI_HANDLER", "WSGI_LOG", "WSGI_RESTART_FILE_REGEX", "WSGI_ALT_VIRTUALENV_HANDLER")
_TOKEN = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>|[^<]+", re.DOTALL)
_CONTAINERS = ("appSettings", "handlers", "system.webServer")


@dataclass(frozen=True)
class Style:
    """How a file is laid out: its line ends (cycled through), its indentation, its quotes, its empty tags."""

    newlines: tuple[str, ...]
    unit: str
    quote: str
    closing: str
    separator: str


styles = st.builds(
    Style,
    newlines=st.sampled_from([("\r\n",), ("\n",), ("\r\n", "\n"), ("\n", "\n", "\r\n"), ("",)]),
    unit=st.sampled_from(["  ", "    ", "\t", ""]),
    quote=st.sampled_from(['"', "'"]),
    closing=st.sampled_from([" />", "/>", "\n   />"]),
    separator=st.sampled_from([" ", "  ", "\n         ", "\r\n\t\t"]),
)

values = st.sampled_from(
    [
        "plain",
        "",
        "a &amp; b",
        "line&#xA;break",
        "&#x9;tab",
        "&lt;tag&gt;",
        "\u00e4\u00f6\u00fc",
        "100%",
        "%HOME%\\x",
        "{R:1}",
        "&#xE9;",
    ]
)

comments = st.sampled_from(
    ["<!-- a comment -->", "<!-- two\r\n     lines -->", '<!--<add key="WSGI_HANDLER" value="no"/>-->', "<?keep this?>"]
)


def _tag(style: Style, name: str, *attributes: tuple[str, str]) -> str:
    pairs = "".join(f"{style.separator}{key}={style.quote}{value}{style.quote}" for key, value in attributes)
    return f"<{name}{pairs}{style.closing}"


@st.composite
def _lines_of(draw: st.DrawFn, name: str, children: list[list[str]], style: Style) -> list[str]:
    """The lines of an element: its children indented, comments anywhere; empty ones in each way to write them."""
    if not children:
        return [draw(st.sampled_from([f"<{name}>|</{name}>", f"<{name}{style.closing}", f"<{name}></{name}>"]))]
    inside: list[str] = []
    for child in children:
        if draw(st.integers(0, 4)) == 0:
            inside.append(draw(comments))
        inside += child
    trailer = draw(st.sampled_from(["", "", " <!-- end of line -->"]))
    return [f"<{name}>{trailer}", *(style.unit + line for line in inside), f"</{name}>"]


@st.composite
def _other_settings(draw: st.DrawFn, style: Style) -> list[list[str]]:
    keys = draw(
        st.lists(
            st.sampled_from(["Setting", "FOO", "file path", "wsgi", "Python", "PYTHONHOME", "pythonpath"]),
            max_size=3,
            unique=True,
        )
    )
    return [[_tag(style, "add", ("key", key), ("value", draw(values)))] for key in keys]


@st.composite
def _other_handlers(draw: st.DrawFn, style: Style) -> list[list[str]]:
    handlers = [
        _tag(
            style,
            "add",
            ("name", "PHP"),
            ("path", "*.php"),
            ("verb", "*"),
            ("modules", "FastCgiModule"),
            ("scriptProcessor", "D:\\php\\php-cgi.exe"),
        ),
        _tag(
            style,
            "add",
            ("path", "*"),
            ("name", "Files"),
            ("verb", "*"),
            ("modules", "StaticFileModule"),
            ("resourceType", "File"),
        ),
        _tag(style, "remove", ("name", "WebDAV")),
        _tag(style, "add", ("name", "All"), ("path", "*"), ("verb", "*"), ("type", "Company.Handler, Company")),
    ]
    chosen = draw(st.lists(st.sampled_from(handlers), max_size=3, unique=True))
    return [[handler] for handler in chosen]


@st.composite
def _python_handlers(draw: st.DrawFn, style: Style) -> list[list[str]]:
    kind = draw(
        st.sampled_from(["none", "none", "fastCgi", "httpPlatform", "two", "part", "verbs", "folder", "script"])
    )
    old = _tag(
        style,
        "add",
        ("name", "Python FastCGI"),
        ("path", "*"),
        ("verb", "*"),
        ("modules", "FastCgiModule"),
        ("scriptProcessor", "D:\\home\\Python353x64\\python.exe|D:\\home\\Python353x64\\wfastcgi.py"),
        ("resourceType", "Unspecified"),
        ("requireAccess", "Script"),
    )
    http = _tag(
        style,
        "add",
        ("name", "PythonHandler"),
        ("path", "*"),
        ("verb", "*"),
        ("modules", "httpPlatformHandler"),
        ("resourceType", "Unspecified"),
    )
    part = old.replace(f"path={style.quote}*", f"path={style.quote}{draw(st.sampled_from(PARTS))}")
    verbs = old.replace(f"verb={style.quote}*", f"verb={style.quote}{draw(st.sampled_from(['GET,HEAD', 'POST']))}")
    folder = old.replace("python.exe|D:\\home\\Python353x64\\wfastcgi.py", "").replace("x64\\", "x64")
    script = old.replace(f"path={style.quote}*", f"path={style.quote}handler.fcgi")
    return {
        "none": [],
        "fastCgi": [[old]],
        "httpPlatform": [[http]],
        "two": [[old], [http]],
        "part": [[part]],
        "verbs": [[verbs]],
        "folder": [[folder]],
        "script": [[script]],
    }[kind]


@st.composite
def _platform(draw: st.DrawFn, style: Style) -> list[str]:
    """An <httpPlatform>, in one tag or with attributes and variables of its own."""
    basic = (
        (
            "processPath",
            draw(
                st.sampled_from(
                    [
                        "%HOME%\\python353x64\\python.exe",
                        "D:/home/python353x64/python.exe",
                        ".\\env\\Scripts\\python.exe",
                    ]
                )
            ),
        ),
        ("arguments", "-m waitress old:app"),
    )
    if draw(st.booleans()):
        return [_tag(style, "httpPlatform", *basic)]
    pairs = "".join(
        f"{style.separator}{key}={style.quote}{value}{style.quote}"
        for key, value in (*basic, ("requestTimeout", "00:04:00"), ("processesPerApplication", "2"))
    )
    variable = _tag(
        style,
        "environmentVariable",
        ("name", "PORT"),
        ("value", draw(st.sampled_from(["%HTTP_PLATFORM_PORT%", "1", "%HOME%\\x"]))),
    )
    return [f"<httpPlatform{pairs}>", "<environmentVariables>", variable, "</environmentVariables>", "</httpPlatform>"]


@st.composite
def _rules(draw: st.DrawFn, style: Style) -> list[str]:
    """Rewrite rules to handler.fcgi, and one of the user's own."""
    own = [
        f"<rule name={style.quote}Static Files{style.quote}>",
        _tag(style, "match", ("url", "^icons/(.*)")),
        _tag(style, "action", ("type", "Rewrite"), ("url", "assets/{R:1}")),
        "</rule>",
    ]
    feed = [
        f"<rule name={style.quote}Python{style.quote}>",
        _tag(style, "match", ("url", draw(st.sampled_from(["(.*)", "^api/(.*)", ".*"])))),
        _tag(style, "action", ("type", "Rewrite"), ("url", "handler.fcgi/{R:1}")),
        "</rule>",
    ]
    return ["<rewrite>", "<rules>", *draw(st.sampled_from([feed, own + feed, feed + own])), "</rules>", "</rewrite>"]


@st.composite
def web_configs(draw: st.DrawFn, python: bool = True) -> bytes:
    """A web.config. python: whether it may run Python already."""
    style = draw(styles)
    settings = draw(_other_settings(style))
    handlers = draw(_other_handlers(style))
    if python:
        for entry in draw(_python_handlers(style)):
            handlers.insert(draw(st.integers(0, len(handlers))), entry)
        bare = any(
            "scriptProcessor" in handler[0] and "Python353x64" in handler[0] and "python.exe" not in handler[0]
            for handler in handlers
        )
        if bare or draw(st.booleans()):
            entry = [_tag(style, "add", ("key", "WSGI_HANDLER"), ("value", "old.app"))]
            settings.insert(draw(st.integers(0, len(settings))), entry)
    server: list[list[str]] = []
    filled = draw(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()))
    if handlers or filled[0]:
        server.append(draw(_lines_of("handlers", handlers, style)))
    if python and any("httpPlatformHandler" in handler[0] for handler in handlers):
        server.append(draw(_platform(style)))
    if python and any("handler.fcgi" in handler[0] for handler in handlers):
        server.append(draw(_rules(style)))
    if filled[1]:
        server.append(["<security>", style.unit + "<![CDATA[ <handlers> ]]>", "</security>"])
    sections = []
    if settings or filled[2]:
        sections.append(draw(_lines_of("appSettings", settings, style)))
    if server or filled[3]:
        web_server = draw(_lines_of("system.webServer", server, style))
        if server and draw(st.integers(0, 3)) == 0:
            around = f"<location path={style.quote}.{style.quote} inheritInChildApplications='false'>"
            web_server = [around, *(style.unit + line for line in web_server), "</location>"]
        elif server and python and draw(st.integers(0, 3)) == 0:
            around = f"<location path={style.quote}{draw(st.sampled_from(['api', 'Shop/v1']))}{style.quote}>"
            web_server = [around, *(style.unit + line for line in web_server), "</location>"]
        sections.append(web_server)
    if draw(st.booleans()):
        sections.append([f"<system.web{style.separator}a={style.quote}{draw(values)}{style.quote}{style.closing}"])
    sections = draw(st.permutations(sections))
    return _encoded(draw, draw(_lines_of("configuration", list(sections), style)), style)


def _encoded(draw: st.DrawFn, lines: list[str], style: Style) -> bytes:
    text = ""
    for index, line in enumerate(lines):
        newline = style.newlines[index % len(style.newlines)]
        text += line.replace("|", newline if newline else "") + newline
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    codec, declared, mark = draw(
        st.sampled_from(
            [
                ("utf-8", "", b""),
                ("utf-8", "utf-8", b""),
                ("utf-8", "UTF-8", codecs.BOM_UTF8),
                ("utf-8", "", codecs.BOM_UTF8),
                ("utf-16-le", "utf-16", codecs.BOM_UTF16_LE),
                ("utf-16-be", "", codecs.BOM_UTF16_BE),
                ("latin-1", "iso-8859-1", b""),
                ("cp1252", "windows-1252", b""),
            ]
        )
    )
    if declared:
        text = f"<?xml version='1.0' encoding='{declared}'?>{style.newlines[0]}" + text
    return mark + text.encode(codec)


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(
    lambda text: not re.search("[\ufffe\uffff]|[^\u0000-\uffff]", text) and text.strip() == text
)
fastcgi_intents = st.builds(
    lambda version, entry, log: HandlerIntent(
        "fastCgi",
        rf"D:\home\python{version}x64\python.exe",
        None,
        entry,
        environment={"WSGI_LOG": rf"D:\home\LogFiles\{log}.log"},
    ),
    st.sampled_from(["364", "3111"]),
    st.sampled_from(["app.app", "app.create_app()", "proj.wsgi.application"]),
    words,
)
http_intents = st.builds(
    lambda version, target, value, limit: HandlerIntent(
        "httpPlatform",
        rf"%HOME%\python{version}x64\python.exe",
        arguments=f"-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% {target}",
        environment={"SECRET": value},
        startup_time_limit=limit,
    ),
    st.sampled_from(["364", "3111"]),
    st.sampled_from(["app:app", '--call "app:create_app"']),
    st.text(st.sampled_from("ab<>&\"'\n\r\t %\u00e9\u4f60"), max_size=9),
    st.integers(0, 3600),
)
intents = st.one_of(fastcgi_intents, http_intents)


def text_of(content: bytes) -> str:
    """Decode a generated file the way its byte order mark or declaration says."""
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if content.startswith(mark):
            return content[len(mark) :].decode(codec)
    declared = re.match(rb"<\?xml[^>]*encoding='([^']+)'", content)
    return content.decode(declared.group(1).decode() if declared else "utf-8")


def foreign_parts(content: bytes) -> tuple[list[str], dict[int, str]]:
    """Split a file into what an edit may not touch.

    Returns the raw tags, comments, CDATA sections and instructions that the editor does not own, in order, and the text
    in front of each (by its index) that has nothing of the editor's in it.
    """
    tokens = _TOKEN.findall(text_of(content))
    assert "".join(tokens) == text_of(content)
    foreign: list[str] = []
    gaps: dict[int, str] = {}
    gap: str | None = ""
    inside_platform = False
    for token in tokens:
        if not token.startswith("<"):
            gap = None if gap is None else gap + token
            continue
        inside_platform = inside_platform or token.startswith("<httpPlatform")
        if inside_platform or _is_owned(token):
            gap = None
        else:
            if gap is not None:
                gaps[len(foreign)] = gap
            foreign.append(token)
            gap = ""
        if token.startswith("</httpPlatform") or (token.startswith("<httpPlatform") and token.endswith("/>")):
            inside_platform = False
    return foreign, gaps


def _is_owned(token: str) -> bool:
    name = re.match(r"</?([\w.]+)", token)
    if name is None:
        return False
    attributes = {key: value[1:-1] for key, value in re.findall(r"([\w.]+)\s*=\s*(\"[^\"]*\"|'[^']*')", token)}
    if name.group(1) in ("add", "remove"):
        return attributes.get("name") in PYTHON_NAMES or attributes.get("key") in OWNED_KEYS
    return name.group(1) in _CONTAINERS
