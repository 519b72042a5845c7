# Where templates are put that are too large for a call.
bucket=${CTGUARD_TEMPLATE_BUCKET:-}
# How many accounts may fail, and how many are worked on at once, both in percent.
tolerance=${CTGUARD_FAILURE_TOLERANCE:-5}
at_once=${CTGUARD_MAX_CONCURRENT:-25}
# SELF in the management account, DELEGATED_ADMIN in a delegated administrator's.
call_as=${CTGUARD_CALL_AS:-SELF}
# The CLI's own retries: a large roll-out is throttled now and then.
export AWS_RETRY_MODE=${AWS_RETRY_MODE:-adaptive} AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-12}
# Whether something failed that did not stop the script.
failed=0

fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# Everything that is needed, before anything is changed.
needs() {
    local name
    for name in aws jq; do
        command -v "$name" >/dev/null || fail "$name is not on the PATH"
    done
    for name; do
        [ -n "${!name:-}" ] || fail "set $name: README.md says what it holds"
    done
    caller=$(aws sts get-caller-identity --region "$home" --query Account --output text)
}

# The templates, and where the large ones are put.
needs_templates() {
    local file
    for file in "${templates[@]}"; do
        [ -r "$file" ] || fail "$PWD/$file is not there: write the folder again with ctguard export"
    done
    [ "$large" = 0 ] || [ -n "$bucket" ] || fail "some templates are larger than 51,200 bytes: set CTGUARD_TEMPLATE_BUCKET to a bucket in $home"
}

secret() {
    printf '%s' "${!1}"
}

# Says at the end whether everything went well.
finish() {
    strangers
    [ "$failed" = 0 ] || fail "not everything went well: see above, mend it, and run this again"
}

# Names StackSets of this blueprint that this folder does not have: an earlier export made them, and nothing removes them.
strangers() {
    local name known
    [ "$organization" = 1 ] || return 0
    for name in $(aws cloudformation list-stack-sets --region "$home" --call-as "$call_as" --status ACTIVE \
        --query "Summaries[?Description=='ctguard: the blueprint $blueprint'].StackSetName" --output text); do
        for known in "${names[@]}"; do
            [ "$known" != "$name" ] || continue 2
        done
        echo "note: the StackSet $name of this blueprint is not of this folder: delete its instances and it, if nothing else deploys it" >&2
    done
}

# The root of the organization, where no units are named.
root() {
    if [ "$organization" = 1 ] && [ ${#units[@]} -eq 0 ]; then
        units=("$(aws organizations list-roots --region "$home" --query 'Roots[0].Id' --output text)")
    fi
}

# Whether a StackSet is there. Any other answer than that it is not stops the script.
there() {
    local said
    if said=$(aws cloudformation describe-stack-set --region "$home" --call-as "$call_as" --stack-set-name "$1" 2>&1); then
        return 0
    fi
    case $said in
    *StackSetNotFoundException*) return 1 ;;
    *) fail "$1: $said" ;;
    esac
}

# The argument that names a template: in the call, or in the bucket.
template_argument() {
    local file=$1
    if [ "$(wc -c <"$file")" -le 51200 ]; then
        echo "--template-body=file://$file"
        return
    fi
    aws s3 cp --only-show-errors "$file" "s3://$bucket/ctguard/$blueprint/$file" >&2
    echo "--template-url=https://$bucket.s3.$home.$suffix/ctguard/$blueprint/$file"
}

# Names and values as the parameters of a call. They go through a pipe: what is an argument of a program stands in the
# list of processes, where everybody on the machine can read it.
parameters() {
    [ $# -gt 0 ] || return 0
    printf '%s\0' "$@" | jq -cRs 'split("\u0000") | [range(0; length - 1; 2) as $at | { ParameterKey: .[$at], ParameterValue: .[$at + 1] }]'
}

# The same in the form of `aws cloudformation deploy`.
overrides() {
    [ $# -gt 0 ] || return 0
    parameters "$@" | jq -c 'map("\(.ParameterKey)=\(.ParameterValue)")'
}

preferences() {
    echo "RegionConcurrencyType=PARALLEL,ConcurrencyMode=SOFT_FAILURE_TOLERANCE,FailureTolerancePercentage=$tolerance,MaxConcurrentPercentage=$at_once"
}

# Waits for an operation of a StackSet; one that failed stops the script.
wait_for() {
    local name=$1 operation=$2 status
    while :; do
        status=$(aws cloudformation describe-stack-set-operation --region "$home" --call-as "$call_as" \
            --stack-set-name "$name" --operation-id "$operation" --query StackSetOperation.Status --output text)
        case $status in
        SUCCEEDED)
            # What failed within the tolerance is failed all the same.
            local missed
            missed=$(aws cloudformation list-stack-set-operation-results --region "$home" --call-as "$call_as" \
                --stack-set-name "$name" --operation-id "$operation" --filters Name=OPERATION_RESULT_STATUS,Values=FAILED \
                --query 'Summaries[].[Account,Region,StatusReason]' --output text)
            if [ -n "$missed" ]; then
                echo "$name: not everywhere:" >&2
                echo "$missed" >&2
                failed=1
            fi
            return
            ;;
        FAILED | STOPPED) fail "$name: the operation $operation is $status: \`aws cloudformation list-stack-set-operation-results --region $home --call-as $call_as --stack-set-name $name --operation-id $operation\` says where" ;;
        *) sleep 10 ;;
        esac
    done
}

# stack_set NAME TEMPLATE AUTO-DEPLOYMENT CAPABILITY [PARAMETER VALUE]...
stack_set() {
    local name=$1 file=$2 auto=$3 capability=$4 template operation
    shift 4
    local arguments=(--region "$home" --call-as "$call_as" --stack-set-name "$name")
    local about=(--managed-execution Active=true --description "ctguard: the blueprint $blueprint"
        --auto-deployment "Enabled=$auto$([ "$auto" = false ] || echo ,RetainStacksOnAccountRemoval=false)")
    [ "$capability" = - ] || about+=(--capabilities "$capability")
    [ $# -eq 0 ] || about+=(--parameters file:///dev/stdin)
    template=$(template_argument "$file")
    if there "$name"; then
        operation=$(parameters "$@" | aws cloudformation update-stack-set "${arguments[@]}" "$template" "${about[@]}" \
            --operation-preferences "$(preferences)" --query OperationId --output text)
        wait_for "$name" "$operation"
    else
        parameters "$@" | aws cloudformation create-stack-set "${arguments[@]}" "$template" "${about[@]}" \
            --permission-model SERVICE_MANAGED >/dev/null
    fi
    echo "$name: up to date"
}

# The accounts of an operation: all of the units, some of them, or all but some.
targets() {
    local only=$1 except=$2 of
    of="OrganizationalUnitIds=$(IFS=,; echo "${units[*]}")"
    case $only,$except in
    -,-) echo "$of" ;;
    -,*) echo "$of,Accounts=$except,AccountFilterType=DIFFERENCE" ;;
    *) echo "$of,Accounts=$only,AccountFilterType=INTERSECTION" ;;
    esac
}

# instances STACK-SET ONLY EXCEPT REGIONS [PARAMETER VALUE]...
instances() {
    local name=$1 only=$2 except=$3 regions operation about=()
    read -ra regions <<<"$4"
    shift 4
    [ $# -eq 0 ] || about+=(--parameter-overrides file:///dev/stdin)
    operation=$(parameters "$@" | aws cloudformation create-stack-instances --region "$home" --call-as "$call_as" \
        --stack-set-name "$name" --deployment-targets "$(targets "$only" "$except")" \
        --regions "${regions[@]}" "${about[@]}" --operation-preferences "$(preferences)" \
        --query OperationId --output text)
    wait_for "$name" "$operation"
    echo "$name: ${#regions[@]} regions"
}

# remove_instances STACK-SET ONLY EXCEPT REGIONS
remove_instances() {
    local name=$1 regions operation
    read -ra regions <<<"$4"
    there "$name" || return 0
    operation=$(aws cloudformation delete-stack-instances --region "$home" --call-as "$call_as" \
        --stack-set-name "$name" --deployment-targets "$(targets "$2" "$3")" --no-retain-stacks \
        --regions "${regions[@]}" --operation-preferences "$(preferences)" --query OperationId --output text)
    wait_for "$name" "$operation"
}

remove_stack_set() {
    there "$1" || return 0
    aws cloudformation delete-stack-set --region "$home" --call-as "$call_as" --stack-set-name "$1"
    echo "$1: removed"
}

# Runs a command in an account: with the script's own credentials, or as the role that the blueprint names.
in_account() {
    local account=$1 credentials
    shift
    if [ "$account" = own ] || [ "$account" = "$caller" ]; then
        "$@"
        return
    fi
    [ -n "${role[$account]:-}" ] || fail "account $account is reached by no role: run this with credentials of that account"
    local arn=${role[$account]}
    [ "${arn#arn:}" != "$arn" ] || arn="arn:$partition:iam::$account:role/$arn"
    local more=()
    [ -z "${external_id[$account]:-}" ] || more+=(--external-id "${external_id[$account]}")
    credentials=$(aws sts assume-role --region "$home" --role-arn "$arn" \
        --role-session-name "${session[$account]:-ctguard-export}" "${more[@]}" \
        --query '[Credentials.AccessKeyId,Credentials.SecretAccessKey,Credentials.SessionToken]' --output text </dev/null) || return 1
    local key password token
    read -r key password token <<<"$credentials"
    AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$password AWS_SESSION_TOKEN=$token "$@"
}

# stack ACCOUNT NAME TEMPLATE CAPABILITY REGIONS [PARAMETER VALUE]...
stack() {
    local account=$1 name=$2 file=$3 capability=$4 regions region about=()
    read -ra regions <<<"$5"
    shift 5
    [ "$capability" = - ] || about+=(--capabilities "$capability")
    [ "$(wc -c <"$file")" -le 51200 ] || about+=(--s3-bucket "$bucket" --s3-prefix "ctguard/$blueprint")
    [ $# -eq 0 ] || about+=(--parameter-overrides file:///dev/stdin)
    for region in "${regions[@]}"; do
        # A stack whose first creation failed takes no other.
        if [ "$(in_account "$account" aws cloudformation describe-stacks --region "$region" --stack-name "$name" \
            --query 'Stacks[0].StackStatus' --output text 2>/dev/null || true)" = ROLLBACK_COMPLETE ]; then
            remove_stack "$account" "$name" "$file" - "$region"
        fi
        overrides "$@" | in_account "$account" aws cloudformation deploy --region "$region" --stack-name "$name" \
            --template-file "$file" --no-fail-on-empty-changeset "${about[@]}"
    done
}

# remove_stack ACCOUNT NAME TEMPLATE CAPABILITY REGIONS
remove_stack() {
    local account=$1 name=$2 regions region
    read -ra regions <<<"$5"
    for region in "${regions[@]}"; do
        in_account "$account" aws cloudformation delete-stack --region "$region" --stack-name "$name"
        in_account "$account" aws cloudformation wait stack-delete-complete --region "$region" --stack-name "$name"
    done
}
