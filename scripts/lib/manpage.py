"""Writes the man page: manpage.py VERSION < what `tributary --experimental-dump-help` prints."""

import json
import sys


def escape(text):
    lines = text.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join("\\&" + line if line[:1] in [".", "'"] else line for line in lines)


def usage_of(argument):
    value = argument.get("valueName", "value")
    names = ["\\fB" + escape(("--" if n["kind"] == "long" else "-") + n["name"]) + "\\fR"
             for n in argument.get("names", [])]
    if argument["kind"] == "positional":
        return "\\fI" + escape(value) + "\\fR"
    suffix = " \\fI" + escape(value) + "\\fR" if argument["kind"] == "option" else ""
    return ", ".join(names) + suffix


def write(command, path):
    if path:
        print(f'.SS "{escape(" ".join(path))}"')
        print(escape(command.get("abstract", "")))
        if command.get("discussion"):
            print(".PP\n" + escape(command["discussion"]))
    for argument in command.get("arguments", []):
        names = [name["name"] for name in argument.get("names", [])]
        if not argument.get("shouldDisplay", True) or names[-1:] in [["help"], ["version"]]:
            continue
        print(".TP\n" + usage_of(argument))
        text = argument.get("abstract", "")
        if argument.get("defaultValue") not in [None, ""]:
            text += f" (default: {argument['defaultValue']})"
        print(escape(text))
    for child in command.get("subcommands", []):
        if child["commandName"] != "help" and child.get("shouldDisplay", True):
            write(child, path + [child["commandName"]])


def main():
    program = json.load(sys.stdin)["command"]
    name = program["commandName"]
    print(f'.TH {name.upper()} 1 "" "{name} {escape(sys.argv[1])}" "User Commands"')
    print(f".SH NAME\n{name} \\- {escape(program['abstract'].splitlines()[0].rstrip('.'))}")
    print(f".SH SYNOPSIS\n.B {name}\n.I command\n[options]")
    print(".SH DESCRIPTION\n" + escape(program.get("discussion", "")))
    print(".SH COMMANDS")
    write(program, [])
    print(".SH FILES\n.TP\n.I /etc/tributary/tributary.yaml\nThe configuration, unless "
          "\\fB\\-c\\fR or \\fBTRIBUTARY_CONFIG\\fR names another.")
    print('.SH "EXIT STATUS"\n0: done; 1: failed; 2: wrong usage or configuration.')


main()
