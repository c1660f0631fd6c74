# SPDX-License-Identifier: GPL-2.0-only
"""For tests of what happens on a terminal; imported in the guest."""
import os
import pty
import re
import select
import termios


def talk(title, argv, *answers):
    """Answer each question in turn; print what the terminal showed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    shown, answers = "", list(answers)
    while select.select([fd], [], [], 120)[0]:
        try:
            piece = os.read(fd, 4096).decode()
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if answers and shown.endswith(answers[0][0]):
            os.write(fd, answers.pop(0)[1].encode())
    echo = "on" if termios.tcgetattr(fd)[3] & termios.ECHO else "off"
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    # How long a busy machine takes is not the question.
    shown = re.sub(r"(\r(Mapping|Closing) [^\r\n]* s \.\.\.)+\r\n", "", shown)
    print(f"## {title}\n{shown.strip()}\n== {status}, echo {echo}".replace("\r", ""))
