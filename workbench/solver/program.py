#!/usr/bin/env python3
"""The solver cvc5 as a program: SMT-LIB on standard input, answers on standard output.

Distributions carry versions of cvc5 that are too old, and the Python package (`pip install cvc5==1.3.1`) has the library
but no executable. This is the executable. Commands are taken as they come, one or more lines each; `(reset)` begins anew.
"""

import sys

import cvc5


def commands(lines):
    """Whole commands, put together from lines: parentheses count outside of strings, quoted symbols and comments."""
    text, depth, quote = [], 0, None
    for line in lines:
        for place, sign in enumerate(line):
            if quote:
                quote = None if sign == quote else quote
            elif sign in '"|':
                quote = sign
            elif sign == ";":
                line = line[:place] + "\n"
                break
            elif sign in "()":
                depth += 1 if sign == "(" else -1
        text.append(line)
        if depth == 0 and quote is None:
            whole = "".join(text).strip()
            text = []
            if whole:
                yield whole


class Session:
    """One solver, from one `(reset)` to the next."""

    def __init__(self, limit_ms):
        terms = cvc5.TermManager()
        self.solver = cvc5.Solver(terms)
        if limit_ms:
            self.solver.setOption("tlimit-per", limit_ms)
        self.symbols = cvc5.SymbolManager(terms)

    def answers(self, text):
        """What the solver says to these commands."""
        parser = cvc5.InputParser(self.solver, self.symbols)
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "standard input")
        while True:
            command = parser.nextCommand()
            if command.isNull():
                return
            yield command.invoke(self.solver, self.symbols)


def main():
    limit_ms = None
    for argument in sys.argv[1:]:
        if argument.startswith("--tlimit-per="):
            limit_ms = argument.removeprefix("--tlimit-per=")
    session = Session(limit_ms)
    for text in commands(sys.stdin):
        if text == "(exit)":
            return
        if text == "(reset)":
            session = Session(limit_ms)
            continue
        try:
            for answer in session.answers(text):
                sys.stdout.write(str(answer))
        except Exception as error:
            # As cvc5 itself says it: one line, in which a quotation mark is written twice.
            words = " ".join(str(error).split()).replace('"', '""')
            sys.stdout.write(f'(error "{words}")\n')
        sys.stdout.flush()


if __name__ == "__main__":
    main()
