# Completion of podbgp for bash. Goes to /usr/share/bash-completion/completions/podbgp.

_podbgp_server() {  # the --server of the line being typed, for live data
  local i
  for ((i = 1; i < ${#COMP_WORDS[@]} - 1; i++)); do
    case ${COMP_WORDS[i]} in
      --server) printf -- '--server\n%s\n' "${COMP_WORDS[i + 1]}" ;;
    esac
  done
}

_podbgp_live() {  # first column of a table, or nothing
  local -a server
  mapfile -t server < <(_podbgp_server)
  podbgp "${server[@]}" --timeout 500ms --no-headers "$@" 2>/dev/null | awk '{ print $1 }' | sort -u
}

_podbgp() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local globals='--server --output --owner --timeout --no-headers --help'
  local verb='' sub='' i words=''

  case $previous in
    -o | --output) COMPREPLY=($(compgen -W 'table wide json' -- "$current")); return ;;
    --view) COMPREPLY=($(compgen -W 'best all received advertised kernel announced' -- "$current")); return ;;
    --peer) COMPREPLY=($(compgen -W "$(_podbgp_live peers)" -- "$current")); return ;;
    --owner) COMPREPLY=($(compgen -W "$(_podbgp_live owners)" -- "$current")); return ;;
    -f | --file | --server) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac

  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --server | -o | --output | --owner | --timeout | --view | --peer | --text | -f | --file) ((i++)) ;;
      -*) ;;
      *) if [[ -z $verb ]]; then verb=${COMP_WORDS[i]}; elif [[ -z $sub ]]; then sub=${COMP_WORDS[i]}; fi ;;
    esac
  done

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
