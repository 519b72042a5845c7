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
    caller=$(aws sts get-caller-identity --region "$home" --query Account --output text) ||
        fail "the credentials answer for no account"
    [ -n "$caller" ] || fail "the credentials answer for no account"
    needs_organization
    for name in "${plain[@]}"; do
        reached "$name"
    done
}

# The credentials are of the organization that the folder was written for.
needs_organization() {
    local id
    [ -n "$organization" ] || return 0
    id=$(aws organizations describe-organization --region "$home" --query Organization.Id --output text) ||
        fail "the organization of the credentials (account $caller) cannot be read: this folder is of $organization"
    [ "$id" = "$organization" ] || fail "the credentials (account $caller) are of the organization $id, and this folder is of $organization"
}

# Stops the script where neither the credentials nor a role reach an account.
reached() {
    [ "$1" = own ] || [ "$1" = "$caller" ] || [ -n "${role[$1]:-}" ] ||
        fail "account $1 is reached by no role: run this with credentials of that account"
}

# Whether a template may stand in a call.
is_small() {
    local bytes
    bytes=$(wc -c <"$1") || fail "$1 cannot be read"
    [ "$bytes" -le 51200 ]
}

# The templates. The large ones are put into the bucket, each once, from where every region and account reads them.
needs_templates() {
    local file
    for file in "${templates[@]}"; do
        [ -r "$file" ] || fail "$PWD/$file is not there: write the folder again with ctguard export"
    done
    [ "$large" = 0 ] || [ -n "$bucket" ] || fail "some templates are larger than 51,200 bytes: set CTGUARD_TEMPLATE_BUCKET to a bucket in $home"
    for file in "${templates[@]}"; do
        is_small "$file" && continue
        aws s3 cp --only-show-errors --region "$home" "$file" "s3://$bucket/ctguard/$blueprint/$file" ||
            fail "$file could not be put into the bucket $bucket: nothing is deployed"
    done
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
    local name known all
    [ -n "$organization" ] || return 0
    if ! all=$(aws cloudformation list-stack-sets --region "$home" --call-as "$call_as" --status ACTIVE \
        --query "Summaries[?Description=='ctguard: the blueprint $blueprint'].StackSetName" --output text); then
        echo "the StackSets cannot be listed: whether there are some that this folder does not have is not known" >&2
        failed=1
        return
    fi
    for name in $all; do
        for known in "${names[@]}"; do
            [ "$known" != "$name" ] || continue 2
        done
        echo "note: the StackSet $name of this blueprint is not of this folder: delete its instances and it, if nothing else deploys it" >&2
    done
}

# The root of the organization, where no units are named.
root() {
    local id
    [ -n "$organization" ] && [ ${#units[@]} -eq 0 ] || return 0
    id=$(aws organizations list-roots --region "$home" --query 'Roots[0].Id' --output text) ||
        fail "the root of the organization cannot be read"
    units=("$id")
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

# The argument that names a template: in the call, or in the bucket. The address is one of the bucket's own region, which
# serves stacks of every region: that of another region (`aws cloudformation deploy` makes one) is refused.
# https://github.com/aws/aws-cli/issues/4372
template_argument() {
    if is_small "$1"; then
        echo "--template-body=file://$1"
    else
        echo "--template-url=https://$bucket.s3.$home.$suffix/ctguard/$blueprint/$1"
    fi
}

# Names and values as the parameters of a call. They go through a pipe: what is an argument of a program stands in the
# list of processes, where everybody on the machine can read it.
parameters() {
    [ $# -gt 0 ] || return 0
    printf '%s\0' "$@" | jq -acRs 'split("\u0000") | [range(0; length - 1; 2) as $at | { ParameterKey: .[$at], ParameterValue: .[$at + 1] }]'
}

preferences() {
    echo "RegionConcurrencyType=PARALLEL,ConcurrencyMode=SOFT_FAILURE_TOLERANCE,FailureTolerancePercentage=$tolerance,MaxConcurrentPercentage=$at_once"
}

# Waits for an operation of a StackSet; one that failed stops the script.
wait_for() {
    local name=$1 operation=$2 status
    while :; do
        status=$(aws cloudformation describe-stack-set-operation --region "$home" --call-as "$call_as" \
            --stack-set-name "$name" --operation-id "$operation" --query StackSetOperation.Status --output text) ||
            fail "$name: how the operation $operation goes is not known"
        case $status in
        SUCCEEDED)
            # What failed within the tolerance is failed all the same.
            local missed
            missed=$(aws cloudformation list-stack-set-operation-results --region "$home" --call-as "$call_as" \
                --stack-set-name "$name" --operation-id "$operation" --filters Name=OPERATION_RESULT_STATUS,Values=FAILED \
                --query 'Summaries[].[Account,Region,StatusReason]' --output text) ||
                fail "$name: where the operation $operation failed is not known"
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
    template=$(template_argument "$file") || exit 1
    if there "$name"; then
        operation=$(parameters "$@" | aws cloudformation update-stack-set "${arguments[@]}" "$template" "${about[@]}" \
            --operation-preferences "$(preferences)" --query OperationId --output text) || fail "$name is not updated"
        wait_for "$name" "$operation"
    else
        parameters "$@" | aws cloudformation create-stack-set "${arguments[@]}" "$template" "${about[@]}" \
            --permission-model SERVICE_MANAGED >/dev/null || fail "$name is not made"
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

# What an account of a StackSet has of its own in a region, as names and values; nothing where it has no instance yet.
overridden() {
    local said
    if said=$(aws cloudformation describe-stack-instance --region "$home" --call-as "$call_as" --stack-set-name "$1" \
        --stack-instance-account "$2" --stack-instance-region "$3" --output json 2>&1); then
        printf '%s' "${said#"${said%%\{*}"}" | jq -acS '[.StackInstance.ParameterOverrides[]? | { ParameterKey, ParameterValue }]'
        return
    fi
    case $said in
    *StackInstanceNotFoundException*) ;;
    *) fail "$1 in $2, $3: $said" ;;
    esac
}

# Whether an account has other values of its own than these in one of the regions: an update of the StackSet keeps them.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackInstances.html
is_overridden_otherwise() {
    local name=$1 account=$2 region regions is wanted
    read -ra regions <<<"$3"
    shift 3
    wanted=$(parameters "$@") || exit 1
    for region in "${regions[@]}"; do
        is=$(overridden "$name" "$account" "$region") || exit 1
        [ -z "$is" ] || [ "$is" = "$wanted" ] || return 0
    done
    return 1
}

# change_instances VERB STACK-SET ONLY EXCEPT REGIONS [PARAMETER VALUE]...
change_instances() {
    local verb=$1 name=$2 only=$3 except=$4 regions operation about=()
    read -ra regions <<<"$5"
    shift 5
    [ $# -eq 0 ] || about+=(--parameter-overrides file:///dev/stdin)
    operation=$(parameters "$@" | aws cloudformation "$verb-stack-instances" --region "$home" --call-as "$call_as" \
        --stack-set-name "$name" --deployment-targets "$(targets "$only" "$except")" \
        --regions "${regions[@]}" "${about[@]}" --operation-preferences "$(preferences)" \
        --query OperationId --output text) || fail "$name: no operation for its instances ($only)"
    wait_for "$name" "$operation"
}

# instances STACK-SET ONLY EXCEPT REGIONS [PARAMETER VALUE]...: those with values of their own are of one account.
instances() {
    if [ $# -gt 4 ] && is_overridden_otherwise "$1" "$2" "$4" "${@:5}"; then
        change_instances update "$@"
    fi
    change_instances create "$@"
    echo "$1: instances are up to date"
}

# remove_instances STACK-SET ONLY EXCEPT REGIONS
remove_instances() {
    local name=$1 regions operation
    read -ra regions <<<"$4"
    there "$name" || return 0
    operation=$(aws cloudformation delete-stack-instances --region "$home" --call-as "$call_as" \
        --stack-set-name "$name" --deployment-targets "$(targets "$2" "$3")" --no-retain-stacks \
        --regions "${regions[@]}" --operation-preferences "$(preferences)" --query OperationId --output text) ||
        fail "$name: its instances are not removed"
    wait_for "$name" "$operation"
}

remove_stack_set() {
    there "$1" || return 0
    aws cloudformation delete-stack-set --region "$home" --call-as "$call_as" --stack-set-name "$1" ||
        fail "$1 is not removed"
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
    reached "$account"
    local arn=${role[$account]}
    [ "${arn#arn:}" != "$arn" ] || arn="arn:$partition:iam::$account:role/$arn"
    local more=()
    [ -z "${external_id[$account]:-}" ] || more+=(--external-id "${external_id[$account]}")
    credentials=$(aws sts assume-role --region "$home" --role-arn "$arn" \
        --role-session-name "${session[$account]:-ctguard-export}" "${more[@]}" \
        --query '[Credentials.AccessKeyId,Credentials.SecretAccessKey,Credentials.SessionToken]' --output text </dev/null) || return 1
    local key password token
    read -r key password token <<<"$credentials"
    [ -n "$token" ] || fail "no credentials of account $account"
    AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$password AWS_SESSION_TOKEN=$token "$@"
}

# The status of a stack that nothing happens to any more; `none` where it is not there. Any other answer than that it is
# not there stops the script.
settled() {
    local region=$1 name=$2 said
    while :; do
        if ! said=$(aws cloudformation describe-stacks --region "$region" --stack-name "$name" \
            --query 'Stacks[0].StackStatus' --output text 2>&1); then
            case $said in
            *"$name does not exist"*) echo none && return ;;
            *) fail "$name in $region: $said" ;;
            esac
        fi
        # A program may warn before it answers.
        said=${said##*[[:space:]]}
        case $said in
        REVIEW_IN_PROGRESS) echo "$said" && return ;;
        *_IN_PROGRESS) sleep 10 ;;
        *) echo "$said" && return ;;
        esac
    done
}

# stack ACCOUNT NAME TEMPLATE CAPABILITY REGIONS [PARAMETER VALUE]...
stack() {
    local account=$1 name=$2 file=$3 capability=$4 regions region template
    read -ra regions <<<"$5"
    shift 5
    template=$(template_argument "$file") || exit 1
    for region in "${regions[@]}"; do
        in_account "$account" stack_here "$region" "$name" "$template" "$capability" "$@"
    done
}

# stack_here REGION NAME TEMPLATE-ARGUMENT CAPABILITY [PARAMETER VALUE]...: in the account of the credentials.
stack_here() {
    local region=$1 name=$2 capability=$4 status said about
    about=(--region "$region" --stack-name "$name" "$3")
    shift 4
    [ "$capability" = - ] || about+=(--capabilities "$capability")
    [ $# -eq 0 ] || about+=(--parameters file:///dev/stdin)
    status=$(settled "$region" "$name") || exit 1
    case $status in
    # One whose first creation failed, or never began, takes no other.
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | REVIEW_IN_PROGRESS)
        remove_here "$region" "$name"
        status=none
        ;;
    esac
    if [ "$status" = none ]; then
        parameters "$@" | aws cloudformation create-stack "${about[@]}" >/dev/null || fail "$name in $region is not made"
    elif ! said=$(parameters "$@" | aws cloudformation update-stack "${about[@]}" 2>&1); then
        case $said in
        *"No updates are to be performed"*) ;;
        *) fail "$name in $region: $said" ;;
        esac
    fi
    status=$(settled "$region" "$name") || exit 1
    case $status in
    CREATE_COMPLETE | UPDATE_COMPLETE | IMPORT_COMPLETE) echo "$name in $region: up to date" ;;
    *) fail "$name in $region is $status: its events say why (\`aws cloudformation describe-stack-events --region $region --stack-name $name\`, in its account)" ;;
    esac
}

# remove_stack ACCOUNT NAME TEMPLATE CAPABILITY REGIONS
remove_stack() {
    local account=$1 name=$2 regions region
    read -ra regions <<<"$5"
    for region in "${regions[@]}"; do
        in_account "$account" remove_here "$region" "$name"
    done
}

# remove_here REGION NAME: in the account of the credentials.
remove_here() {
    aws cloudformation delete-stack --region "$1" --stack-name "$2" || fail "$2 in $1 is not removed"
    aws cloudformation wait stack-delete-complete --region "$1" --stack-name "$2" || fail "$2 in $1 is not removed"
}
