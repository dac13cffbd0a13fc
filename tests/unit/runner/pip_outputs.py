"""What pips printed when they failed: taken down from real runs, shortened; paths are made up."""

WRONG_HASH = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, \
please update the hashes. Otherwise, examine the package contents carefully; someone may have tampered with them.
    click==8.1.8 from http://127.0.0.1:1/files/click-8.1.8-py3-none-any.whl (from -r poetry.txt (line 1)):
        Expected sha256 0000000000000000000000000000000000000000000000000000000000000000
             Got        63c132bbbed01578a06712a2d1f497bb62d9c1c0d329b7903a866228027263b2

"""
MISSING_HASH = """\
Collecting colorama
ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:
    colorama from http://127.0.0.1:1/files/colorama-0.4.6-py2.py3-none-any.whl (from click==8.1.8->-r r.txt (line 1))
"""
ABSENT_HASH = """\
ERROR: Hashes are required in --require-hashes mode, but they are missing from some requirements. Here is a list of those \
requirements along with the hashes their downloaded archives actually had. Add lines like these to your requirements \
files to prevent tampering. (If you did not enable --require-hashes manually, note that it turns on automatically when \
any package has a hash.)
    six==1.16.0 --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254
"""
CONFLICT_20_TO_24 = """\
INFO: pip is looking at multiple versions of flask to determine which version is compatible with other requirements.
ERROR: Cannot install -r 22.txt (line 1) and werkzeug==2.0.3 because these package versions have conflicting dependencies.

The conflict is caused by:
    The user requested werkzeug==2.0.3
    flask 3.0.3 depends on Werkzeug>=3.0.0

To fix this you could try to:
1. loosen the range of package versions you've specified
2. remove package versions to allow pip attempt to solve the dependency conflict

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/
"""
CONFLICT_25 = """\
ERROR: Cannot install -r fl.txt (line 1) because these package versions have conflicting dependencies.

The conflict is caused by:
    flask 3.0.3 depends on Werkzeug>=3.0.0
    The user requested (constraint) werkzeug==2.0.3

Additionally, some packages in these conflicts have no matching distributions available for your environment:
    werkzeug

To fix this you could try to:
1. loosen the range of package versions you've specified
2. remove package versions to allow pip to attempt to solve the dependency conflict

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/
"""
TRACEBACK = """\
ERROR: Exception:
Traceback (most recent call last):
  File "D:\\home\\python3810x64\\Lib\\site-packages\\pip\\_internal\\cli\\base_command.py", line 180, in exc_logging_wrapper
    status = run_func(*args)
  File "D:\\home\\python3810x64\\Lib\\site-packages\\pip\\_internal\\utils\\encoding.py", line 34, in auto_decode
    return data.decode(
UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9 in position 5: invalid continuation byte
"""
TRACEBACK_9 = """\
Invalid requirement: 'pytz>=2013b,'
Traceback (most recent call last):
  File "D:\\home\\python364x64\\lib\\site-packages\\pip\\req\\req_install.py", line 82, in __init__
    req = Requirement(req)
pip._vendor.packaging.requirements.InvalidRequirement: Invalid requirement, parse error at "','"

"""
TWO_TRACEBACKS = """\
ERROR: Exception:
Traceback (most recent call last):
  File "a.py", line 1, in f
ConnectionResetError: [WinError 10054] An existing connection was forcibly closed by the remote host

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 1, in g
pip._vendor.urllib3.exceptions.ProtocolError: ("Connection broken: ConnectionResetError(10054)",)
"""
LOGGING = """\
--- Logging error ---
Traceback (most recent call last):
  File "C:\\python\\lib\\logging\\__init__.py", line 1084, in emit
UnicodeEncodeError: 'charmap' codec can't encode character
Call stack:
  File "x.py", line 1, in <module>
ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'missing.txt'
"""
UVLOOP_9 = """\
Collecting uvloop==0.17.0
  Downloading http://127.0.0.1:1/files/uvloop-0.17.0.tar.gz
    Complete output from command python setup.py egg_info:
    Traceback (most recent call last):
      File "<string>", line 1, in <module>
        raise RuntimeError('uvloop does not support Windows at the moment')
    RuntimeError: uvloop does not support Windows at the moment
    
    ----------------------------------------
Command "python setup.py egg_info" failed with error code 1 in D:\\local\\Temp\\pip-build-x\\uvloop\\
"""  # noqa: W293
UVLOOP_21 = """\
Processing d:\\local\\uvloop-0.17.0.tar.gz
  Preparing metadata (setup.py): started
  Preparing metadata (setup.py): finished with status 'error'
  ERROR: Command errored out with exit status 1:
   command: 'D:\\home\\python364x64\\python.exe' -c 'import io, os, sys, setuptools, tokenize'
  Complete output (5 lines):
  Traceback (most recent call last):
    File "<string>", line 1, in <module>
  RuntimeError: uvloop does not support Windows at the moment
  ----------------------------------------
WARNING: Discarding file:///D:/local/uvloop-0.17.0.tar.gz. Command errored out with exit status 1: python setup.py \
egg_info Check the logs for full command output.
ERROR: Could not find a version that satisfies the requirement uvloop==0.17.0 (from versions: 0.17.0)
ERROR: No matching distribution found for uvloop==0.17.0
"""
UVLOOP_20 = UVLOOP_21.replace(" (from versions: 0.17.0)", "")
UVLOOP_24 = """\
  Downloading uvloop-0.17.0.tar.gz (2.3 MB)
  error: subprocess-exited-with-error
  
  × python setup.py egg_info did not run successfully.
  │ exit code: 1
  ╰─> [3 lines of output]
      Traceback (most recent call last):
        File "<string>", line 2, in <module>
      RuntimeError: uvloop does not support Windows at the moment
      [end of output]
  
  note: This error originates from a subprocess, and is likely not a problem with pip.
error: metadata-generation-failed

× Encountered error while generating package metadata.
╰─> See above for output.

note: This is an issue with the package mentioned above, not pip.
hint: See above for details.
"""  # noqa: W293
UVLOOP_25 = """\
  Downloading uvloop-0.17.0.tar.gz (2.3 MB)
  Getting requirements to build wheel: started
  Getting requirements to build wheel: finished with status 'error'
  error: subprocess-exited-with-error
  
  × Getting requirements to build wheel did not run successfully.
  │ exit code: 1
  ╰─> [17 lines of output]
      Traceback (most recent call last):
        File "<string>", line 3, in <module>
      RuntimeError: uvloop does not support Windows at the moment
      [end of output]
  
  note: This error originates from a subprocess, and is likely not a problem with pip.
ERROR: Failed to build 'uvloop' when getting requirements to build wheel
"""  # noqa: W293
UVLOOP = (UVLOOP_9, UVLOOP_20, UVLOOP_21, UVLOOP_24, UVLOOP_25)
GIT_24 = """\
  Running command git clone --filter=blob:none --quiet https://h/x/y.git D:\\home\\src\\y
  fatal: unable to access 'https://h/x/y.git/': Could not resolve host: h
  error: subprocess-exited-with-error
  
  × git clone --filter=blob:none --quiet https://h/x/y.git D:\\home\\src\\y did not run successfully.
  │ exit code: 128
  ╰─> See above for output.
  
  note: This error originates from a subprocess, and is likely not a problem with pip.
error: subprocess-exited-with-error

× git clone --filter=blob:none --quiet https://h/x/y.git D:\\home\\src\\y did not run successfully.
│ exit code: 128
╰─> See above for output.

note: This error originates from a subprocess, and is likely not a problem with pip.
"""  # noqa: W293
BAD_LINE_25 = """\
ERROR: Invalid requirement: 'itsdangerous>=2.1.*': .* suffix can only be used with `==` or `!=` operators
    itsdangerous>=2.1.*
                ~~~~~~^ (from line 1 of star.txt)
"""
BAD_PATH = """\
ERROR: Invalid requirement: './nosuch' (from line 1 of path.txt)
Hint: It looks like a path. File './nosuch' does not exist.
"""
BAD_PATH_9 = """\
Invalid requirement: 'x @ file:///C:/b/croot/work'
It looks like a path. Does it exist ?
"""
BAD_OPTION = """\
Usage: __main__.py [options]

ERROR: Invalid requirement: itsdangerous==2.2.0  --no-deps
__main__.py: error: no such option: --no-deps

"""
BUILD_24 = """\
  error: subprocess-exited-with-error

  × python setup.py bdist_wheel did not run successfully.
  │ exit code: 1
  ╰─> [4 lines of output]
      running bdist_wheel
      running build_py
      error: libfoo.h was not found, install libfoo first
      [end of output]

  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for badbuild
  Running setup.py clean for badbuild
Failed to build badbuild
ERROR: Could not build wheels for badbuild, which is required to install pyproject.toml-based projects
"""
NO_VERSION_20 = """\
ERROR: Could not find a version that satisfies the requirement pkg-resources==0.0.0
ERROR: No matching distribution found for pkg-resources==0.0.0
"""
UNREACHED = """\
WARNING: Retrying (Retry(total=1, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x1>: Failed to establish a new \
connection: [Errno 11001] getaddrinfo failed')': /simple/six/
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x1>: Failed to establish a new \
connection: [Errno 11001] getaddrinfo failed')': /simple/six/
ERROR: Could not find a version that satisfies the requirement six (from versions: none)
ERROR: No matching distribution found for six
"""
TLS = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed \
certificate in certificate chain (_ssl.c:1131)'))': /simple/six/
Could not fetch URL https://pypi.example/simple/six/: There was a problem confirming the ssl certificate: \
HTTPSConnectionPool(host='pypi.example', port=443): Max retries exceeded with url: /simple/six/ (Caused by \
SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed \
certificate in certificate chain (_ssl.c:1131)'))) - skipping
ERROR: Could not find a version that satisfies the requirement six (from versions: none)
ERROR: No matching distribution found for six
"""
OTHER_PYTHON = """\
ERROR: Ignored the following versions that require a different python version: 3.1.0 Requires-Python >=3.9; 3.1.2 \
Requires-Python >=3.9
ERROR: Could not find a version that satisfies the requirement flask==3.1.2 (from versions: 2.0.3, 3.0.3)
ERROR: No matching distribution found for flask==3.1.2
"""
# With the lines that jobs/runner/index_requests.py adds.
NO_SUCH_NAME = """\
ERROR: Could not find a version that satisfies the requirement nosuch (from versions: none)
ERROR: No matching distribution found for nosuch
Answered with HTTP 404 Not Found: https://pkgs.example/simple/nosuch/
"""
NUMPY_21 = """\
Looking in indexes: https://pkgs.example/simple
ERROR: Could not find a version that satisfies the requirement numpy==2.1.0 (from versions: 1.24.3, 1.24.4)
ERROR: No matching distribution found for numpy==2.1.0
For other Pythons: numpy 2.1.0, 2.1.1 (>=3.10); 1.25.0, 1.26.0 (>=3.9,<3.13)
"""
NUMPY_20 = NUMPY_21.replace(" (from versions: 1.24.3, 1.24.4)", "")
NUMPY_9 = """\
Collecting numpy==2.1.0
  Could not find a version that satisfies the requirement numpy==2.1.0 (from versions: 1.24.3, 1.24.4)
No matching distribution found for numpy==2.1.0
For other Pythons: numpy 2.1.0, 2.1.1 (>=3.10); 1.25.0, 1.26.0 (>=3.9,<3.13)
"""
NUMPY_24 = """\
ERROR: Ignored the following versions that require a different python version: 1.26.0 Requires-Python >=3.9,<3.13; \
2.1.0 Requires-Python >=3.10; 2.1.1 Requires-Python >=3.10
ERROR: Could not find a version that satisfies the requirement numpy==2.1.0 (from versions: 1.24.3, 1.24.4)
ERROR: No matching distribution found for numpy==2.1.0
"""
UNAVAILABLE_9 = """\
Exception:
Traceback (most recent call last):
  File "D:\\home\\python364x64\\lib\\site-packages\\pip\\basecommand.py", line 215, in main
pip._vendor.requests.exceptions.RetryError: HTTPConnectionPool(host='pkgs.example', port=80): Max retries exceeded with \
url: /simple/six/ (Caused by ResponseError('too many 503 error responses'))
Not reached: https://pkgs.example/simple/six/: too many 503 error responses
"""
UNAVAILABLE_18 = """\
Collecting six
Could not install packages due to an EnvironmentError: HTTPSConnectionPool(host='pkgs.example', port=443): Max retries \
exceeded with url: /simple/six/ (Caused by ResponseError('too many 503 error responses'))

Not reached: https://pkgs.example/simple/six/: too many 503 error responses
"""
CONFLICT_OF_TWO = """\
ERROR: Cannot install aa==1.0 and bb==1.0 because these package versions have conflicting dependencies.

The conflict is caused by:
    aa 1.1 depends on cc<2
    aa 1.0 depends on cc<2
    bb 1.0 depends on cc>=2

To fix this you could try to:
1. loosen the range of package versions you've specified
"""
DOUBLE_21 = """\
ERROR: Cannot install six==1.15.0 and six==1.16.0 because these package versions have conflicting dependencies.

The conflict is caused by:
    The user requested six==1.16.0
    The user requested six==1.15.0

To fix this you could try to:
"""
DOUBLE_9 = """\
Double requirement given: six==1.15.0 (from -r double.txt (line 2)) (already in six==1.16.0 (from -r double.txt (line 1)), \
name='six')
"""
