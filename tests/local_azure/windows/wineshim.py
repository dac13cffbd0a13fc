"""Two small shims that let current numpy (>= 2.1) and Rust-built wheels import under Wine 8 to 10.

* bcryptprimitives.dll, missing in Wine 8: a DLL of nothing but one forwarder, ProcessPrng to advapi32's generator.
* ucrtbase.dll: a copy of Wine's own whose unimplemented creal* and cimag* get a body.

Both must be named "native" in WINEDLLOVERRIDES (docs/platform/worker.md 1).
"""

from __future__ import annotations

import struct
from pathlib import Path

_BODIES = {  # x64, Microsoft calling convention: float complex comes in rcx, double complex by reference in rcx
    "crealf": bytes.fromhex("660f6ec1c3"),
    "cimagf": bytes.fromhex("48c1e920660f6ec1c3"),
    "creal": bytes.fromhex("f20f1001c3"),
    "cimag": bytes.fromhex("f20f104108c3"),
    "creall": bytes.fromhex("f20f1001c3"),
    "cimagl": bytes.fromhex("f20f104108c3"),
}


def forwarder_dll(name: str, exports: dict[str, str]) -> bytes:
    """A PE32+ DLL called `name` holding only export forwarders: exported name to "module.function"."""
    address = 0x1000
    count = len(exports)
    functions_at = 40
    names_at = functions_at + 4 * count
    ordinals_at = names_at + 4 * count
    strings_at = ordinals_at + 2 * count
    strings = bytearray()

    def put(text: str) -> int:
        position = address + strings_at + len(strings)
        strings.extend(text.encode("ascii") + b"\0")
        return position

    name_address = put(name)
    pairs = [(put(exported), put(target)) for exported, target in sorted(exports.items())]
    directory = struct.pack(
        "<IIHHIIIIIII",
        0,
        0,
        0,
        0,
        name_address,
        1,
        count,
        count,
        address + functions_at,
        address + names_at,
        address + ordinals_at,
    )
    directory += b"".join(struct.pack("<I", target) for _, target in pairs)
    directory += b"".join(struct.pack("<I", exported) for exported, _ in pairs)
    directory += b"".join(struct.pack("<H", index) for index in range(count))
    export_size = len(directory) + len(strings)
    body = directory + bytes(strings)
    raw_size = (len(body) + 0x1FF) & ~0x1FF
    return _dll_headers(address, export_size, len(body), raw_size).ljust(0x200, b"\0") + body.ljust(raw_size, b"\0")


def _dll_headers(address: int, export_size: int, virtual_size: int, raw_size: int) -> bytes:
    dos = bytearray(0x80)
    dos[0:2] = b"MZ"
    struct.pack_into("<I", dos, 0x3C, 0x80)
    coff = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 0xF0, 0x2022)
    optional = struct.pack("<HBBIIIII", 0x20B, 14, 0, 0, raw_size, 0, 0, address)
    optional += struct.pack(
        "<QIIHHHHHHIIIIHHQQQQII",
        0x180000000,
        0x1000,
        0x200,
        6,
        0,
        0,
        0,
        6,
        0,
        0,
        0x2000,
        0x200,
        0,
        3,
        0x160,
        0x100000,
        0x1000,
        0x100000,
        0x1000,
        0,
        16,
    )
    directories = struct.pack("<II", address, export_size) + b"\0" * (8 * 15)
    section = struct.pack("<8sIIIIIIHHI", b".edata", virtual_size, address, raw_size, 0x200, 0, 0, 0, 0, 0x40000040)
    return bytes(dos) + b"PE\0\0" + coff + optional + directories + section


def patched_ucrt(original: bytes) -> bytes:
    """Wine's ucrtbase.dll with bodies for its creal*/cimag* stubs and without the mark of a Wine builtin."""
    image = bytearray(original)
    if image[0x40:0x50] == b"Wine builtin DLL":
        image[0x40:0x60] = b"\0" * 0x20
    header = struct.unpack_from("<I", image, 0x3C)[0]
    (section_count,) = struct.unpack_from("<H", image, header + 6)
    (optional_size,) = struct.unpack_from("<H", image, header + 20)
    sections = [
        struct.unpack_from("<IIII", image, header + 24 + optional_size + 40 * index + 8)
        for index in range(section_count)
    ]

    def offset(address: int) -> int:
        for virtual_size, start, raw_size, raw_start in sections:
            if start <= address < start + max(virtual_size, raw_size):
                return int(address - start + raw_start)
        raise ValueError(f"address {address:#x} lies in no section of ucrtbase.dll")

    exports, exports_size = struct.unpack_from("<II", image, header + 24 + 112)
    directory = offset(exports)
    (count,) = struct.unpack_from("<I", image, directory + 24)
    functions, names, ordinals = (offset(item) for item in struct.unpack_from("<III", image, directory + 28))
    for index in range(count):
        name_at = offset(struct.unpack_from("<I", image, names + 4 * index)[0])
        body = _BODIES.get(bytes(image[name_at : image.index(0, name_at)]).decode("ascii"))
        if body is None:
            continue
        (ordinal,) = struct.unpack_from("<H", image, ordinals + 2 * index)
        (address,) = struct.unpack_from("<I", image, functions + 4 * ordinal)
        if not exports <= address < exports + exports_size:
            start = offset(address)
            image[start : start + len(body)] = body
    return bytes(image)


def install(system32: Path, libraries: Path) -> None:
    """Put both shims into a prefix's `system32`; `libraries` is the folder of Wine's own PE files."""
    replacements = {"ucrtbase.dll": patched_ucrt((libraries / "ucrtbase.dll").read_bytes())}
    if not (libraries / "bcryptprimitives.dll").exists():
        forwards = {"ProcessPrng": "advapi32.SystemFunction036"}
        replacements["bcryptprimitives.dll"] = forwarder_dll("bcryptprimitives.dll", forwards)
    for name, content in replacements.items():
        (system32 / name).unlink(missing_ok=True)
        (system32 / name).write_bytes(content)
