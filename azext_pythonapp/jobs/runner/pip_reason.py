# -*- coding: utf-8 -*-
"""Why pip failed, in pip's own words. Its last line is often only a link, a hint, or about something else."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import re

from .index_requests import MARKS

KEPT_LINES = 30
# An error has at most so many lines of one block, and so many characters.
BLOCK_LINES, MOST_CHARACTERS = 12, 1500
# Lines that are explained by the indented lines after them, and a short name for each.
BLOCKS = (
    (re.compile(r"The conflict is caused by:$"), ""),
    (
        re.compile(r"Additionally, some packages in these conflicts have no matching distributions"),
        "no matching distribution",
    ),
    (re.compile(r"THESE PACKAGES DO NOT MATCH THE HASHES"), "the hash does not match that of the requirements file"),
    (re.compile(r"Hashes are required in --require-hashes mode"), "a hash is missing from the requirements file"),
    (
        re.compile(r"all requirements must have their versions pinned with =="),
        "a requirements file with hashes needs == for each requirement, and it is missing here",
    ),
    (re.compile(r"Can't verify hashes for these "), "not verifiable with a hash"),
)
# The output of a build is between these: in pip 9 to 21, and in newer ones.
OUTPUT_BEGINS = re.compile(r"Complete output\b|\[\d+ lines of output\]$")
OUTPUT_ENDS = re.compile(r"\s*(?:-{20,}|\[end of output\])$")
# Lines that only refer to other lines.
EMPTY = re.compile(
    r"(?:error: )?(?:subprocess-exited-with-error|[\w-]+-fail(?:ed|ure)|"
    r"failed-wheel-build-for-install|error: [a-z]+(?:-[a-z]+)+|"
    r"No available output\.?|See above for (?:output|details)\.?)$"
    r"|(?:ERROR: )?ResolutionImpossible: for help visit"
    r'|(?:ERROR: )?Command errored out|(?:ERROR: )?Command ".*" failed with error code'
    r"|ERROR: Exception:$|Exception:$",
    re.IGNORECASE,
)
# How pip prints an error since version 21.3 (_internal/exceptions.py, DiagnosticPipError): a line with its kind, then
# what happened and why. The signs are missing where the console is limited to ASCII.
DIAGNOSTIC = re.compile(r"(?:error|ERROR): [a-z]+(?:-[a-z]+)+$")
DIAGNOSTIC_SIGN = re.compile("(?:\u00d7 |\u2502 ?|\u2570\u2500> )")
OPTION = re.compile(r"\S*\.py: error: (.+)$|Usage: ")
# The reason that git prints before it ends.
GIT = re.compile(r"\s*((?:fatal|error|remote): .+)$")
DISCARDED = re.compile(r"WARNING: Discarding (\S+?)\.? (?:Command errored out|Requested)")
NOTHING_FOUND = re.compile(r"(?:ERROR: )?(?:No matching distribution found|Could not find a version)")


class PipReason:
    """Reads pip's output line by line. text() is the reason why pip failed, if it did."""

    program = "pip"

    def __init__(self):
        self.lines = []
        self.blocks = []
        self.block = None
        self.raised = None
        self.in_traceback = False
        self.logging = False
        self.option = None
        self.diagnostic = None
        self.diagnosing = False
        self.output = None
        self.built = None
        self.git = None
        self.discarded = False

    def read_line(self, line):
        """Read a line of pip's output, which index_requests.py adds lines to."""
        if line.startswith(MARKS):
            return
        stripped = line.strip()
        self.read_block(line, stripped)
        self.read_traceback(line, stripped)
        self.read_build_output(line, stripped)
        self.read_diagnostic(stripped)
        self.discarded = self.discarded or DISCARDED.match(stripped) is not None
        if GIT.match(line) and not EMPTY.match(stripped) and self.output is None:
            self.git = GIT.match(line).group(1)
        if OPTION.match(line) and OPTION.match(line).group(1):
            self.option = OPTION.match(line).group(1)
        if stripped:
            self.lines = self.lines[-KEPT_LINES:] + [stripped]

    def read_block(self, line, stripped):
        """Collect the blocks of BLOCKS."""
        for pattern, name in BLOCKS:
            if pattern.search(line):
                self.block = (name, [])
                self.blocks.append(self.block)
                return
        if self.block is not None:
            if line[:1] in (" ", "\t") and stripped:
                self.block[1].append(stripped)
            elif stripped or self.block[1]:
                self.block = None

    def read_traceback(self, line, stripped):
        """Find the last line of pip's own traceback; an indented traceback is that of a build."""
        if line.startswith("--- Logging error ---"):
            self.logging = True
        elif line.startswith("Traceback (most recent call last)"):
            self.in_traceback = True
        elif self.in_traceback and stripped and line[0] not in " \t":
            self.raised = self.raised if self.logging else stripped
            self.in_traceback = self.logging = False

    def read_diagnostic(self, stripped):
        """Collect the lines of pip's last error in the newer form."""
        if DIAGNOSTIC.match(stripped):
            self.diagnostic, self.diagnosing = [], True
        elif self.diagnosing and (
            re.match(r"(?:note|error|link): |\[notice\]", stripped, re.IGNORECASE) or OUTPUT_BEGINS.search(stripped)
        ):
            self.diagnosing = False
        elif self.diagnosing and stripped and not EMPTY.match(stripped):
            said = DIAGNOSTIC_SIGN.sub("", stripped)
            self.diagnostic = (self.diagnostic + [said])[:BLOCK_LINES]

    def read_build_output(self, line, stripped):
        """Find the error in the output of the last build."""
        if OUTPUT_BEGINS.search(stripped):
            self.output = []
        elif self.output is not None and OUTPUT_ENDS.match(line):
            lines = [each for each in self.output if each and not EMPTY.match(each)]
            self.built = (named_error(lines) or self.built) if lines else self.built
            self.output = None
        elif self.output is not None:
            self.output = self.output[-KEPT_LINES:] + [stripped]

    def text(self):
        """Return the reason, in one sentence where pip has one."""
        text = (
            self.block_text()
            or self.traceback_text()
            or self.process_text()
            or self.diagnostic_text()
            or self.line_text()
        )
        return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + " \u2026"

    def block_text(self):
        """Return pip's explanation of a conflict or of wrong hashes; None when there is none."""
        parts = []
        for name, lines in self.blocks:
            if not lines:
                continue
            shown = lines[:BLOCK_LINES] + (["\u2026"] if len(lines) > BLOCK_LINES else [])
            said = joined_hashes(shown) if "hash" in name else shown
            parts.append((name + ": " if name else "") + "; ".join(said))
        heads = [each for each in self.lines if "because these package versions have conflicting dependencies" in each]
        return " ".join([head.rstrip(".") + ":" for head in heads[-1:]] + [" \u2014 ".join(parts)]) if parts else None

    def traceback_text(self):
        """Return the exception that ended pip, or None; pip 9 prints the line of the requirements file before it."""
        lines = [each for each in self.lines if each.startswith("Invalid requirement: '")]
        return "%s (%s)" % (lines[-1], self.raised) if self.raised and lines else self.raised

    def process_text(self):
        """Return the error of a build or of git; None when something else failed."""
        errors = [each for each in self.lines if NOTHING_FOUND.match(each)]
        if errors and not self.discarded:
            return None
        found, said = self.built or self.git, self.last_error()
        return "%s (%s)" % (said, found) if found and said and found not in said else found

    def diagnostic_text(self):
        """Return pip's last error in the newer form; None when another error came later."""
        said = [each for each in self.diagnostic or [] if not re.match("hint: See above", each)]
        return None if self.last_error() or not said else " ".join(said)

    def line_text(self):
        """Return the last error line with its explanation; pip before 10 prints the reason as its last line."""
        if self.option:
            wrong = [each for each in self.lines if each.startswith("ERROR: Invalid requirement:")]
            return " ".join(wrong[-1:] + ["(%s)" % self.option if wrong else self.option])
        found = self.last_error() or (self.lines or ["it printed nothing"])[-1]
        if "nvalid requirement" in found or not found.lower().startswith("error"):
            place = [each for each in self.lines if re.search(r"\(from line \d+ of [^)]*\)$", each)]
            if place and "(from line" not in found:
                found += " " + re.search(r"\(from line \d+ of [^)]*\)$", place[-1]).group(0)
            hints = [each for each in self.lines if re.match(r"Hint: |It looks like |= is not a valid", each)]
            if hints and hints[-1] != found:
                found += " " + hints[-1]
            elif hints and len(self.lines) > 1:
                found = "%s %s" % (self.lines[-2], found)
        return found

    def last_error(self):
        """Return the last error line that does not only refer to others; None when there is none."""
        errors = [line for line in self.lines if line.lower().startswith("error") and not EMPTY.match(line)]
        return errors[-1] if errors else None


def named_error(lines):
    """Return the line of a build's output that says why it failed: its last error, else its last line."""
    errors = [
        each
        for each in lines
        if re.match(
            r"(?:[A-Za-z_][\w.]*(?:Error|Exception|Exit|Warning)?|fatal error|"
            r"error): \S",
            each,
        )
        and not re.match(r"(?:warning|note|hint)", each)
    ]
    return (errors or lines)[-1]


def joined_hashes(lines):
    """Return each package with its expected and actual hash in one text."""
    parts = []
    for each in lines:
        if re.match(r"(?:Expected|Got|or) +\w*", each) and parts:
            parts[-1] = "%s, %s" % (parts[-1], re.sub(r" +", " ", each[0].lower() + each[1:]))
        else:
            parts.append(re.sub(r" from (?:file|https?)://\S+", "", each).rstrip(":"))
    return parts
