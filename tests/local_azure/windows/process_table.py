"""Runs inside Wine: the processes of this Windows, what they cost, and how to end them.

Python 3.11, standard library only.
"""

import ctypes
import struct
from ctypes import wintypes

KERNEL = ctypes.WinDLL("kernel32", use_last_error=True)
NATIVE = ctypes.WinDLL("ntdll")
KERNEL.OpenProcess.restype = wintypes.HANDLE
KERNEL.OpenProcess.argtypes = [wintypes.DWORD, wintypes.BOOL, wintypes.DWORD]
KERNEL.TerminateProcess.argtypes = [wintypes.HANDLE, wintypes.UINT]
KERNEL.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
KERNEL.CloseHandle.argtypes = [wintypes.HANDLE]
KERNEL.ReadProcessMemory.argtypes = [
    wintypes.HANDLE,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.POINTER(ctypes.c_size_t),
]
NATIVE.NtQuerySystemInformation.argtypes = [
    wintypes.ULONG,
    ctypes.c_void_p,
    wintypes.ULONG,
    ctypes.POINTER(wintypes.ULONG),
]
NATIVE.NtQueryInformationProcess.argtypes = [
    wintypes.HANDLE,
    wintypes.ULONG,
    ctypes.c_void_p,
    wintypes.ULONG,
    ctypes.POINTER(wintypes.ULONG),
]

PROCESS_INFORMATION = 5  # SystemProcessInformation
LENGTH_MISMATCH = 0xC0000004
TERMINATE, QUERY_AND_READ = 0x0001 | 0x00100000, 0x0400 | 0x0010
END_TIMEOUT = 5000  # milliseconds
EPOCH_DISTANCE = 11644473600  # seconds from 1601, where Windows counts from, to 1970
WINE_SERVICES = {
    "services.exe",
    "winedevice.exe",
    "plugplay.exe",
    "svchost.exe",
    "explorer.exe",
    "rpcss.exe",
    "start.exe",
    "wineboot.exe",
    "conhost.exe",
    "tabtip.exe",
}


def snapshot():
    """Every process as pid -> {"pid", "parent", "name", "started" (seconds since 1970), "cpu" (seconds)}."""
    size = 1 << 16
    while True:
        buffer = ctypes.create_string_buffer(size)
        status = NATIVE.NtQuerySystemInformation(PROCESS_INFORMATION, buffer, size, None) & 0xFFFFFFFF
        if status != LENGTH_MISMATCH:
            break
        size *= 2
    if status:
        raise OSError(0, "NtQuerySystemInformation", None, status)
    found, offset = {}, 0
    while True:
        following, threads = struct.unpack_from("<II", buffer, offset)
        created, user, kernel = struct.unpack_from("<qqq", buffer, offset + 32)
        name_length, name_address = struct.unpack_from("<H6xQ", buffer, offset + 56)
        pid, parent = struct.unpack_from("<QQ", buffer, offset + 80)
        for index in range(threads):
            of_thread = struct.unpack_from("<qq", buffer, offset + 256 + 80 * index)
            user, kernel = user + of_thread[0], kernel + of_thread[1]
        name = ctypes.wstring_at(name_address, name_length // 2) if name_address else ""
        found[pid] = {
            "pid": pid,
            "parent": parent,
            "name": name.rsplit("\\", 1)[-1],
            "started": created / 1e7 - EPOCH_DISTANCE,
            "cpu": (user + kernel) / 1e7,
        }
        if not following:
            return found
        offset += following


def processes(own_pid):
    """The processes of the worker, i.e. neither the agent `own_pid` nor Wine's services, with "command_line".

    Wine lists a process that is only just being started without a name and with no sensible time: it is left out.
    """
    return [
        {**entry, "command_line": command_line(pid)}
        for pid, entry in snapshot().items()
        if pid != own_pid and entry["name"] and entry["name"].lower() not in WINE_SERVICES
    ]


def command_line(pid):
    """The command line of a process, read from its own memory as every task list does; "" when it has gone."""
    handle = KERNEL.OpenProcess(QUERY_AND_READ, False, pid)
    if not handle:
        return ""
    try:
        basic = (ctypes.c_uint64 * 6)()
        NATIVE.NtQueryInformationProcess(handle, 0, basic, ctypes.sizeof(basic), None)
        (parameters,) = struct.unpack("<Q", memory(handle, basic[1] + 0x20, 8))
        length, address = struct.unpack("<H6xQ", memory(handle, parameters + 0x70, 16))
        return memory(handle, address, length).decode("utf-16-le", "replace")
    except OSError:
        return ""
    finally:
        KERNEL.CloseHandle(handle)


def memory(handle, address, length):
    buffer, done = ctypes.create_string_buffer(length), ctypes.c_size_t()
    if not KERNEL.ReadProcessMemory(handle, address, buffer, length, ctypes.byref(done)) or done.value != length:
        raise ctypes.WinError(ctypes.get_last_error())
    return buffer.raw


def tree(pid, table):
    """`pid` and its descendants, children first, by parent pid.

    As Kudu's own: what was orphaned is not in it (docs/platform/kudu.md 1.4).
    """
    branch = []
    for child, entry in table.items():
        if entry["parent"] == pid and child != pid and entry["started"] >= table.get(pid, entry)["started"]:
            branch += tree(child, table)
    return branch + ([pid] if pid in table else [])


def kill_tree(pid):
    """End `pid` and its descendants, children first; the pids that were ended."""
    return [member for member in tree(pid, snapshot()) if terminate(member)]


def kill_image(name, own_pid):
    """As `taskkill /F /IM name`: end every process of that program, but never the agent; the pids ended."""
    return [
        pid
        for pid, entry in snapshot().items()
        if entry["name"].lower() == name.lower() and pid != own_pid and terminate(pid)
    ]


def terminate(pid):
    """End one process and wait until it has gone; False when there is none."""
    handle = KERNEL.OpenProcess(TERMINATE, False, pid)
    if not handle:
        return False
    try:
        ended = bool(KERNEL.TerminateProcess(handle, 1))
        KERNEL.WaitForSingleObject(handle, END_TIMEOUT)
        return ended
    finally:
        KERNEL.CloseHandle(handle)


def cpu_seconds(pid):
    """Processor time that `pid` and its descendants have used so far."""
    table = snapshot()
    return sum(table[member]["cpu"] for member in tree(pid, table))
