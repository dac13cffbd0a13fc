from setuptools import find_packages, setup

VERSION = "0.1.0b8"

with open("README.rst", encoding="utf-8") as readme, open("HISTORY.rst", encoding="utf-8") as history:
    LONG_DESCRIPTION = readme.read() + "\n" + history.read()

setup(
    name="pythonapp",
    version=VERSION,
    description="Manage Python on Windows App Service, its runtimes, web.config and packages, "
    "with commands such as az webapp python set-version.",
    long_description=LONG_DESCRIPTION,
    long_description_content_type="text/x-rst",
    license="MIT",
    author="az webapp python contributors",
    python_requires=">=3.10",
    packages=find_packages(include=["azext_pythonapp", "azext_pythonapp.*"]),
    package_data={
        "azext_pythonapp": ["azext_metadata.json"],
        "azext_pythonapp.operations.inventory.report": ["report.html", "report.css", "report.js"],
    },
    install_requires=[],  # az brings them all; whatever stood here would be copied again into the extension's folder
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
    ],
)
