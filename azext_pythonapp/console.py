"""The person's terminal: progress on standard error, silent when az was told to show only errors."""
import sys


class Console:
    """Says what an operation is doing, and asks before it does it.

    only_errors: az's --only-show-errors. never_ask: az's setting core.disable_confirm_prompt.
    """

    def __init__(self, only_errors, never_ask=False):
        self._only_errors = only_errors
        self._never_ask = never_ask

    def say(self, message):
        """One line about a step that begins or ended."""
        self._write(message)

    def output(self, line):
        """One line that a program on the worker printed, set off from our own."""
        self._write(f"  | {line}")

    def confirm(self, question):
        """Ask a yes-or-no question. Raises Refused when the answer is no, or when nobody can answer."""
        from knack.prompting import NoTTYException, prompt_y_n

        from azext_pythonapp.appservice.errors import Refused
        if self._never_ask:
            return
        try:
            agreed = prompt_y_n(question, default='n')
        except NoTTYException:
            raise Refused(f'{question} Nobody can answer, because this is no terminal.',
                          'Use --yes to go on without asking.') from None
        if not agreed:
            raise Refused('Nothing was changed: the question was answered with no.')

    def _write(self, line):
        if self._only_errors:
            return
        encoding = sys.stderr.encoding or 'utf-8'
        sys.stderr.write(line.encode(encoding, 'replace').decode(encoding) + '\n')
        sys.stderr.flush()
