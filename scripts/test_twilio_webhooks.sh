#!/usr/bin/env bash
# Sends correctly signed sample calls to all three Twilio webhooks and says pass or fail for each.
#
#   scripts/test_twilio_webhooks.sh [BASE_URL]        (default http://127.0.0.1:5000)
#
# Needs bash, curl and openssl. TWILIO_AUTH_TOKEN, TWILIO_ACCOUNT_SID, TWILIO_PHONE_NUMBER and
# PUBLIC_URL come from the environment, else from .data/secrets.env, else from .env.production.
# Requests go to BASE_URL and are signed for PUBLIC_URL where it is set, as Twilio signs them.
#
# The sample calls are real to the system: they show up as one call from TEST_CALLER (default
# +15005550006, Twilio's own test number), whose recording does not exist at Twilio.
#
# Exit code: 0 all passed, 1 something failed, 2 a setting or a tool is missing.

set -euo pipefail
export LC_ALL=C # bytes, not characters: that is how Twilio sorts and how URLs are escaped

if [[ "${1:-}" == -h || "${1:-}" == --help ]]; then
  sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
  exit 0
fi

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
base_url=${1:-http://127.0.0.1:5000}
base_url=${base_url%/}

missing() {
  echo "$1" >&2
  exit 2
}

# setting NAME: from the environment, else from the first file that has it. The files are read,
# not run.
setting() {
  local file line value
  if [[ -n "${!1:-}" ]]; then
    printf '%s' "${!1}"
    return
  fi
  for file in "$repo/.data/secrets.env" "$repo/.env.production"; do
    [[ -r "$file" ]] || continue
    while IFS= read -r line || [[ -n "$line" ]]; do
      line=${line%$'\r'}
      line=${line#export }
      [[ "$line" == "$1="* ]] || continue
      value=${line#*=}
      if [[ "$value" =~ ^\"(.*)\"$ || "$value" =~ ^\'(.*)\'$ ]]; then value=${BASH_REMATCH[1]}; fi
      if [[ -n "$value" ]]; then
        printf '%s' "$value"
        return
      fi
    done <"$file"
  done
}

for tool in curl openssl; do
  command -v "$tool" >/dev/null || missing "$tool is not installed."
done

token=$(setting TWILIO_AUTH_TOKEN)
token=${token%%,*} # the primary one, of two during a rotation
token=${token//[[:space:]]/}
account=$(setting TWILIO_ACCOUNT_SID)
number=$(setting TWILIO_PHONE_NUMBER)
number=${number:-+972000000001}
caller=${TEST_CALLER:-+15005550006}
signed_url=$(setting PUBLIC_URL)
signed_url=${signed_url:-$base_url}
hint="Set it, or run this from a folder with .data/secrets.env (made by 'make run') or .env.production."
[[ -n "$token" ]] || missing "TWILIO_AUTH_TOKEN is not set. $hint"
[[ -n "$account" ]] || missing "TWILIO_ACCOUNT_SID is not set. $hint"
((${#token} <= 64)) || missing "TWILIO_AUTH_TOKEN is longer than 64 bytes, so it is none of Twilio's."
[[ "$base_url" =~ ^https?://[^/?#]+$ ]] || missing "BASE_URL must look like https://name or http://name:port."
[[ "$signed_url" =~ ^https?://[^/?#]+ ]] || missing "PUBLIC_URL must start with https://name or http://name:port."
signed_url=${BASH_REMATCH[0]}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The token's bytes, each XORed with $1, filled up to HMAC's block of 64 (RFC 2104). Done here,
# because an argument of openssl could be read by every user of the machine.
padded_token() {
  local i byte
  for ((i = 0; i < 64; i++)); do
    byte=0
    if ((i < ${#token})); then printf -v byte '%d' "'${token:i:1}"; fi
    printf -v byte '\\x%02x' $(((byte & 255) ^ $1))
    printf '%b' "$byte"
  done
}

# signature TEXT: base64(HMAC-SHA1(token, TEXT))
signature() {
  {
    padded_token 0x5c
    { padded_token 0x36; printf '%s' "$1"; } | openssl dgst -sha1 -binary
  } | openssl dgst -sha1 -binary | openssl base64 -A
}

escaped() {
  local i char byte text=$1 out=
  for ((i = 0; i < ${#text}; i++)); do
    char=${text:i:1}
    case "$char" in
      [A-Za-z0-9._~-]) out+=$char ;;
      *)
        printf -v byte '%d' "'$char"
        printf -v byte '%%%02X' $((byte & 255))
        out+=$byte
        ;;
    esac
  done
  printf '%s' "$out"
}

# joined KEY=VALUE...: the parameters as a form or a query
joined() {
  local pair out=
  for pair; do
    out+="${out:+&}$(escaped "${pair%%=*}")=$(escaped "${pair#*=}")"
  done
  printf '%s' "$out"
}

# signed_text URL KEY=VALUE...: the URL, then every distinct key and value in order
signed_text() {
  local url=$1 pair key value
  shift
  printf '%s' "$url"
  (($# == 0)) && return
  for pair; do
    printf '%s\001%s\n' "${pair%%=*}" "${pair#*=}"
  done | sort -u | while IFS=$'\001' read -r key value; do
    printf '%s%s' "$key" "$value"
  done
}

# request METHOD TARGET SIGNATURE [CURL ARGUMENT...]: leaves status, kind (Content-Type) and body
request() {
  local method=$1 target=$2 sign=$3 answer
  shift 3
  if ! answer=$(curl --silent --show-error --max-time 15 --globoff --path-as-is --request "$method" \
    --header 'User-Agent: TwilioProxy/1.1' ${sign:+--header "X-Twilio-Signature: $sign"} \
    --output "$work/body" --write-out '%{http_code} %{content_type}' "$@" "$base_url$target" 2>"$work/error"); then
    status=000 kind='' body=$(<"$work/error")
    return
  fi
  status=${answer%% *}
  kind=${answer#* }
  body=
  if [[ -s "$work/body" ]]; then body=$(tr -d '\000' <"$work/body"); fi
}

passed=0 failed=0

# verdict EXPECTED WHAT: EXPECTED is twiml, 204 or 403
verdict() {
  local expected=$1 what=$2 wanted ok=no
  case "$expected" in
    twiml)
      wanted="200 text/xml with a <Response>"
      if [[ "$status" == 200 && "$kind" == text/xml* && "$body" == "<"*"<Response"* ]]; then ok=yes; fi
      ;;
    *)
      wanted=$expected
      if [[ "$status" == "$expected" ]]; then ok=yes; fi
      ;;
  esac
  if [[ "$ok" == yes ]]; then
    passed=$((passed + 1))
    echo "pass  $what: $status${kind:+ $kind}"
  else
    failed=$((failed + 1))
    echo "FAIL  $what"
    echo "      expected $wanted"
    if [[ "$status" == 000 ]]; then
      echo "      came     no answer: $body"
    else
      echo "      came     $status ${kind:-without a content type}: ${body:0:300}"
    fi
  fi
}

# post EXPECTED WHAT PATH[?QUERY] KEY=VALUE...
post() {
  local expected=$1 what=$2 target=$3
  shift 3
  request POST "$target" "$(signature "$(signed_text "$signed_url$target" "$@")")" \
    --header 'Content-Type: application/x-www-form-urlencoded; charset=UTF-8' --data-raw "$(joined "$@")"
  verdict "$expected" "POST $what"
}

# get EXPECTED WHAT PATH KEY=VALUE...: a GET signs its URL alone
get() {
  local expected=$1 what=$2 target
  target="$3?$(joined "${@:4}")"
  request GET "$target" "$(signature "$signed_url$target")"
  verdict "$expected" "GET  $what"
}

call_sid=CA$(openssl rand -hex 16)
recording_sid=RE$(openssl rand -hex 16)
recording_url=https://api.twilio.com/2010-04-01/Accounts/$account/Recordings/$recording_sid
call=("CallSid=$call_sid" "AccountSid=$account" ApiVersion=2010-04-01 Direction=inbound
  "From=$caller" "Caller=$caller" "To=$number" "Called=$number")
recording=("RecordingSid=$recording_sid" "RecordingUrl=$recording_url" RecordingDuration=4)

echo "Sending sample call $call_sid to $base_url, signed for $signed_url"

request POST /webhook/incoming_call '' --data-raw "$(joined "${call[@]}" CallStatus=ringing)"
if [[ "$status" == 000 ]]; then
  echo "FAIL  nothing answers at $base_url: $body"
  exit 1
fi
validating=yes
if [[ "$status" == 200 ]]; then validating=no; fi

post twiml 'incoming_call' /webhook/incoming_call "${call[@]}" CallStatus=ringing
post twiml 'incoming_call again (a retry)' /webhook/incoming_call "${call[@]}" CallStatus=ringing
post twiml 'incoming_call, Hebrew name, query string, a key twice' \
  '/webhook/incoming_call?source=a%20b+c&lang=%d7%a2&Blank=' \
  "${call[@]}" CallStatus=ringing "CallerName=דנה ו'אבי" Note=b Note=a Note=b Blank=
get twiml 'incoming_call, Hebrew name' /webhook/incoming_call \
  "${call[@]}" CallStatus=ringing 'CallerName=דנה כהן'

post 204 'call_status, in-progress' /webhook/call_status \
  "${call[@]}" CallStatus=in-progress SequenceNumber=1 CallbackSource=call-progress-events
post twiml 'handle_recording, after <Record>' /webhook/handle_recording \
  "${call[@]}" CallStatus=in-progress "${recording[@]}" Digits=hangup
get twiml 'handle_recording, after <Record>' /webhook/handle_recording \
  "${call[@]}" CallStatus=in-progress "${recording[@]}" Digits=hangup
post twiml 'handle_recording, recording status, query string' '/webhook/handle_recording?source=status' \
  "CallSid=$call_sid" "AccountSid=$account" "${recording[@]}" RecordingStatus=completed RecordingChannels=1
post 204 'call_status, completed, query string' '/webhook/call_status?source=a+b' \
  "${call[@]}" CallStatus=completed CallDuration=9 SequenceNumber=2 CallbackSource=call-progress-events
get 204 'call_status, completed' /webhook/call_status \
  "${call[@]}" CallStatus=completed CallDuration=9 SequenceNumber=2 CallbackSource=call-progress-events

json="{\"CallSid\":\"$call_sid\",\"AccountSid\":\"$account\",\"From\":\"$caller\",\"To\":\"$number\",\"CallStatus\":\"ringing\"}"
hash=$(printf '%s' "$json" | openssl dgst -sha256)
target="/webhook/incoming_call?bodySHA256=${hash##* }"
request POST "$target" "$(signature "$signed_url$target")" \
  --header 'Content-Type: application/json' --data-raw "$json"
verdict twiml 'POST incoming_call, JSON body'

if [[ "$validating" == yes ]]; then
  request POST /webhook/incoming_call '' --data-raw "$(joined "${call[@]}" CallStatus=ringing)"
  verdict 403 'POST incoming_call without a signature is refused'
  good=$(signature "$(signed_text "$signed_url/webhook/incoming_call" "${call[@]}" CallStatus=ringing)")
  request POST /webhook/incoming_call "$good" --data-raw "$(joined "${call[@]}" CallStatus=completed)"
  verdict 403 'POST incoming_call with a changed parameter is refused'
  request POST '/webhook/incoming_call?added=1' "$good" --data-raw "$(joined "${call[@]}" CallStatus=ringing)"
  verdict 403 'POST incoming_call with a changed query string is refused'
else
  echo "skip  tampered requests: this server does not validate signatures (VALIDATE_TWILIO_SIGNATURE=false)"
fi

echo "$passed passed, $failed failed"
((failed == 0))
