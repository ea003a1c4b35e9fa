# Completion for mixminion(1) in bash. What there is to complete, the program itself says.

# _mixminion_list WORD...: those that begin with what stands behind the last comma of $value.
_mixminion_list() {
    local before=
    case $value in
    *["$breaks"]*) before=${value%"${value##*["$breaks"]}"} ;;
    esac
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$*" -- "${value#"$before"}")
    compopt -o nospace
}

_mixminion_words() {
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$value")
}

_mixminion_files() {
    mapfile -t COMPREPLY < <(compgen -f -- "$value")
    compopt -o filenames
}

# _mixminion_field KEY COMMAND...: the values of a key in the JSON of a command.
_mixminion_field() {
    local key=$1
    shift
    [ -d ~/.mixminion ] || [ ${#config[@]} -gt 0 ] || return
    "$prog" "$@" "${config[@]}" --json 2>/dev/null </dev/null |
        grep -o "\"$key\":\"[^\"]*\"" | sed -e 's/^[^:]*:"//' -e 's/"$//'
}

_mixminion_servers() {
    _mixminion_list "$(_mixminion_field nickname list-servers -D no)"
}

_mixminion_options() {
    "$prog" help "$cmd" 2>/dev/null | grep -oE -- '--[a-z][a-z-]*=?' | sort -u
}

_mixminion_takes() {
    _mixminion_options | grep -qxF -- "$1"
}

# _mixminion_value OPTION: what may follow it; 1 if it takes nothing.
_mixminion_value() {
    case $1 in
    -f | --config | -i | --input | -o | --output | --encrypt-to | --reply-block) _mixminion_files ;;
    -P | --path) _mixminion_takes --path= && _mixminion_servers ;;
    -R) _mixminion_takes --reply-block= && _mixminion_files ;;
    -F) _mixminion_takes --feature= && _mixminion_value --feature ;;
    --feature) _mixminion_list "$("$prog" list-servers --list-features 2>/dev/null | sed 's/.*://')" ;;
    -D | --download-directory) _mixminion_words yes no ;;
    -t | --to | -n | --count | -d | --days | -s | --separator | -H) ;;
    --*) _mixminion_takes "$1=" ;;
    *) return 1 ;;
    esac
}

_mixminion_argument() {
    case $cmd in
    help) _mixminion_words "$("$prog" help | sed -n 's/^    //p')" ;;
    flush | clean-queue | ping | list-server* | test) _mixminion_servers ;;
    import-server | inspect-surb*) _mixminion_files ;;
    reassemble | purge-fragment*) _mixminion_words "$(_mixminion_field id list-fragments)" ;;
    esac
}

# bash takes "=" and ":" for words of their own, unless they are quoted: here they are none, but
# what is completed is the last of bash's words.
_mixminion() {
    local line=${COMP_LINE:0:COMP_POINT} words=() config=() breaks=, i
    local prog cmd value option
    read -ra words <<<"$line"
    [[ $line != *[[:space:]] ]] || words+=("")
    prog=${words[0]} cmd=${words[1]} value=${words[-1]} option=${words[-2]}
    COMPREPLY=()
    if [ ${#words[@]} = 2 ]; then
        _mixminion_words "$("$prog" help 2>/dev/null | sed -n 's/^    //p')"
        return
    fi
    for ((i = 2; i < ${#words[@]} - 1; i++)); do
        case ${words[i]} in
        -f) config=(-f "${words[i + 1]}") ;;
        --config=*) config=(-f "${words[i]#*=}") ;;
        esac
    done
    case $value in
    --*=*) option=${value%%=*} value=${value#*=} ;;
    esac
    case $value in
    [\'\"]*) value=${value:1} breaks=,: ;;
    *) value=${value##*:} ;;
    esac
    _mixminion_value "$option" && return
    case $value in
    -*)
        _mixminion_words "$(_mixminion_options)"
        [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
        ;;
    *) _mixminion_argument ;;
    esac
}
complete -F _mixminion mixminion
