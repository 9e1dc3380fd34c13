"""What a shell makes of a line when Tab is pressed: an interactive bash or zsh on a terminal of its own (zsh's zpty)."""

import re
import shlex

DRIVER = r"""
zmodload zsh/zpty
zpty shell "$1"
# Reads until the mark is there: what the shell drew since.
until_mark() {
  local all='' part
  repeat 400; do
    if zpty -rt shell part; then all+=$part; else sleep 0.05; fi
    [[ $all == *$1* ]] && { print -r -- "$all"; return 0 }
  done
  print -r -- "$all"; return 1
}
for line in "${(f)2}"; do zpty -w shell "$line"; done
until_mark READY >/dev/null || exit 1
zpty -n -w shell "$3"$'\t'
zpty -n -w shell $'\x18'
until_mark '>'
zpty -d shell
"""
# Ctrl-X shows the line as it stands instead of running it.
BASH = """PS1=
source {folder}/podbgp.bash
bind -x '"\\C-x": printf "\\nLINE<%s>\\n" "$READLINE_LINE"'
echo RE''ADY"""
ZSH = """PS1=; fpath=({folder} $fpath); autoload -Uz compinit && compinit -u -D; setopt no_beep
show-line() {{ print; print -r -- "LINE<$BUFFER>" }}; zle -N show-line; bindkey '^X' show-line
print RE''ADY"""
SHELLS = {"bash": ("bash --norc --noprofile -i", BASH), "zsh": ("zsh -f -i", ZSH)}


def after_tab(run, shell, folder, line):
    """(the line after Tab, all that was drawn); `run` runs a command and returns a CompletedProcess with its output."""
    program, setup = SHELLS[shell]
    done = run(shlex.join(["zsh", "-f", "-c", DRIVER, "driver", program, setup.format(folder=shlex.quote(str(folder))), line]))
    found = re.findall(r"LINE<([^>]*)>", done.stdout)
    return (found[-1] if found else None), done.stdout


def offered_by_bash(run, folder, *words):
    """All that bash offers for the last word."""
    line = " ".join(words)
    done = run(f"source {shlex.quote(str(folder))}/podbgp.bash; COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; "
               f"COMP_LINE={shlex.quote(line)}; COMP_POINT={len(line)}; _podbgp; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    return done.stdout.split()
