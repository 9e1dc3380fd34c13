# Completion of podbgp for bash. Goes to /usr/share/bash-completion/completions/podbgp.

_podbgp_live() {  # first column of a table, or nothing
  podbgp "${server[@]}" --timeout 500ms --no-headers "$@" 2>/dev/null | awk '{ print $1 }' | sort -u
}

_podbgp() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local globals='--server --output --owner --timeout --no-headers --help'
  local verb='' sub='' i words=''
  # The words as the program would get them: readline cuts unix:///PATH at its colon.
  local -a typed server=()
  read -ra typed <<<"${COMP_LINE:0:COMP_POINT}x"

  for ((i = 1; i < ${#typed[@]} - 1; i++)); do
    case ${typed[i]} in
      --server) server=(--server "${typed[++i]}") ;;
      --server=*) server=("${typed[i]}") ;;
      -o | --output | --owner | --timeout | --view | --peer | --text | -f | --file) ((++i)) ;;
      --community | --large-community | --extended-community | --med | --local-pref | --next-hop | --generation) ((++i)) ;;
      -*) ;;
      *) if [[ -z $verb ]]; then verb=${typed[i]}; elif [[ -z $sub ]]; then sub=${typed[i]}; fi ;;
    esac
  done

  case $previous in
    -o | --output) COMPREPLY=($(compgen -W 'table wide json' -- "$current")); return ;;
    --view) COMPREPLY=($(compgen -W 'best all received advertised kernel announced' -- "$current")); return ;;
    --peer) COMPREPLY=($(compgen -W "$(_podbgp_live peers)" -- "$current")); return ;;
    --owner) COMPREPLY=($(compgen -W "$(_podbgp_live owners)" -- "$current")); return ;;
    -f | --file | --server) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac

  case $verb in
    '') words='status peers peer routes announce withdraw replace owners watch config health --version' ;;
    peer)
      case $sub in
        '') words='show reset enable disable' ;;
        reset | disable) words="$(_podbgp_live peers) --text" ;;
        *) words=$(_podbgp_live peers) ;;
      esac ;;
    routes) words='--view --peer --longer --shorter --lpm -4 -6' ;;
    announce) words='--community --large-community --extended-community --med --local-pref --next-hop --no-blackhole --dry-run' ;;
    withdraw) words='--allow-missing' ;;
    replace) words='--file --generation --dry-run' ;;
    watch) if [[ -z $sub ]]; then words='peers routes'; else words='--once --all-paths -4 -6'; fi ;;
    config)
      case $sub in
        '') words='check reload' ;;
        check) COMPREPLY=($(compgen -f -- "$current")) ;;
      esac ;;
    health) words='--live' ;;
  esac
  COMPREPLY+=($(compgen -W "$words $globals" -- "$current"))
}

complete -o filenames -F _podbgp podbgp
