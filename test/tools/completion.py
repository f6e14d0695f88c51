"""usage: completion.py ENVOI: what `envoi completion` prints is sourced by each shell that is there, and completes."""
import shutil, subprocess, sys

from program import ENVIRONMENT, WORK, run

ENVOI = sys.argv[1]
# The script is $1, the words are the arguments behind it.
ASK = {
    "bash": '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _envoi; printf "%s\\n" "${COMPREPLY[@]}"',
    "zsh": 'compdef() { }; compadd() { shift; local w; for w; do [[ $w = ${words[CURRENT]}* ]] && print -r -- "$w"; done }'
           '; . "$1"; shift; words=("$@"); CURRENT=$#; _envoi',
    "fish": 'source $argv[1]; complete -C (string join " " -- $argv[2..])',
}


def complete(shell, *words):
    said = [shell, "-c", ASK[shell], *([] if shell == "fish" else [shell]), str(WORK / shell), "envoi", *words]
    done = subprocess.run(said, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.stderr == "", f"{shell} {words}: {done.stderr}"
    return sorted({line.split("\t")[0] for line in done.stdout.split("\n") if line})


for shell in ASK:
    (WORK / shell).write_text(run(ENVOI, "completion", shell)[0])
    if shutil.which(shell) is None:
        continue
    for words, expected in ((("ro",), ["rooms", "roster"]),
                            (("roster", ""), ["add", "list", "remove"]),
                            (("--jid", "a@b", "--verbose", "rooms", "t"), ["talk"]),
                            (("completion", ""), ["bash", "fish", "zsh"]),
                            (("disco", "--js"), ["--json"]),
                            (("disco", "--ite"), ["--items"]),
                            (("--proxy-ty",), ["--proxy-type"]),
                            (("--proxy-type", ""), ["http", "none", "socks5"]),
                            (("send", "--line"), ["--lines"]),
                            (("ping", "--line"), [])):
        got = complete(shell, *words)
        assert got == expected, f"{shell} {words}: {got}"
assert "tcsh is not one of bash, zsh, fish" in run(ENVOI, "completion", "tcsh", status=2)[1]
