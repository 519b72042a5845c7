//! AWS itself behind the port of the core: the SDK's clients, shared, paced and counted.
//!
//! [`Aws`] implements [`Cloud`]. `observe.rs` says which calls are made to read a place, and in
//! which order; `perform.rs` makes one mutating call for each [`Action`]. Both use one file per
//! service (`events.rs`, `sns.rs`, `cloudtrail.rs`, …), which turns SDK types into resource types
//! and back, and knows nothing else. SDK types stop in this crate, and nothing is decided in it.
//!
//! [`Aws::connect`] builds one configuration: one HTTP client and one cache of credentials.
//! `settings.rs` reads what the environment and the AWS files say, `identity.rs` finds whose
//! credentials count, `endpoints.rs` and `proxy.rs` how services are reached. Clients are made from it for each service and region
//! on first use, and shared by all accounts. Everything else belongs to a session, one per place.
//! Another account is entered by assuming a role in it, once for all its regions.
//!
//! Every call passes `gate.rs`: its pace, a free slot, the count, the time limit (`deadline.rs`). `retry.rs` says
//! which failed actions are tried again, and `errors.rs` turns what the SDK reports into errors of
//! the port.

mod account;
mod buses;
mod chain;
mod clients;
mod cloudtrail;
mod cloudwatch;
mod connect;
mod deadline;
mod endpoints;
mod errors;
mod events;
mod family;
mod files;
mod foreign;
mod gate;
mod iam;
mod identity;
mod kms;
mod lambda;
mod login;
mod lookup;
mod observe;
mod organizations;
mod pace;
mod pages;
mod perform;
mod process;
mod providers;
mod proxy;
mod retry;
mod roles;
mod s3;
mod said;
mod secrets;
mod session;
mod settings;
mod sfn;
mod sns;
mod sqs;
mod sts;
mod tagging;
mod throttles;
mod transport;
mod tunnel;
mod way;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use clients::{Clients, OfCall};
use connect::Connected;
use ctguard_core::action::Action;
use ctguard_core::blueprint::{Accounts, SecretReference};
pub use ctguard_core::cloud::RunLimit;
use ctguard_core::cloud::lookup::{Lookup, LookupPage};
use ctguard_core::cloud::{Cloud, CloudError, CloudErrorKind, QueueMessage};
use ctguard_core::permissions::Permission;
use ctguard_core::scope::{AccountId, Arn, Place, Region};
use ctguard_core::snapshot::{AccountReads, OrganizationReads, ReadSet};
use ctguard_core::snapshot::{AccountSnapshot, Caller, Observed, Organization, PlaceSnapshot};
use endpoints::Endpoints;
use futures::FutureExt;
use futures::future::BoxFuture;
use gate::Gate;
use process::Process;
use retry::Written;
use session::Session;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use sts::RoleSession;
use throttles::Throttles;
use tokio::sync::OnceCell;

/// How many calls are in flight at once unless the user says otherwise.
pub const DEFAULT_CONCURRENCY: usize = 32;

/// How many idle sessions are kept. A fleet has thousands of places, and a place is mostly finished
/// before the next one begins.
const IDLE_SESSIONS: usize = 64;

/// How to reach AWS. The default is what the environment and the user's AWS files say.
#[derive(Debug, Clone)]
pub struct Options {
    /// A profile of the user's AWS files, instead of `AWS_PROFILE`.
    pub profile: Option<String>,
    /// The region for calls without a place, such as GetCallerIdentity, instead of the configured
    /// one.
    pub region: Option<Region>,
    /// The region if neither [`Self::region`] nor the configuration names one: it decides the
    /// partition.
    pub default_region: Option<Region>,
    /// The accounts besides the caller's, and the roles to assume in them.
    pub accounts: Option<Accounts>,
    /// Most calls in flight at once, over all places.
    pub concurrency: usize,
    /// The endpoint of every service, instead of `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<String>,
    /// Credentials instead of the SDK's chain, for programs that bring their own.
    pub credentials: Option<SharedCredentialsProvider>,
    /// The code of the MFA device that a role of the profile asks for; of several devices their codes
    /// with commas between them, in the order in which the roles are assumed.
    pub mfa_token: Option<String>,
    pub timing: Timing,
    pub limits: Limits,
    /// When reads stop, whatever is still to be read, and when refused writes are not tried again.
    pub run: Option<RunLimit>,
    /// Is told, in a sentence, that a write goes on being refused and is tried again.
    pub waiting: Option<fn(&str)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            default_region: None,
            accounts: None,
            concurrency: DEFAULT_CONCURRENCY,
            endpoint_url: None,
            credentials: None,
            mfa_token: None,
            timing: Timing::default(),
            limits: Limits::default(),
            run: None,
            waiting: None,
        }
    }
}

/// Limits of what AWS, or whoever answers in its place, may send.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Pages of one list. AWS's lists have 100 entries a page, at most: the rules of others on a
    /// bus, and subscriptions of a topic, may be many.
    pub pages: usize,
    /// Bytes of one answer, far more than AWS sends: the longest that ctguard asks for is a page of
    /// the event history, 50 records.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pages: 2_500, answer_bytes: 64 << 20 }
    }
}

/// Time limits.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// For a connection.
    pub connect: Duration,
    /// For one attempt of a call. Without it, a server that accepts and never answers would hang a
    /// run forever.
    pub attempt: Duration,
    /// For a call with the SDK's own retries.
    pub operation: Duration,
    /// For a new object to become visible to objects that refer to it.
    pub propagation: Duration,
    /// Before the first retry; later ones wait longer.
    pub first_wait: Duration,
    /// For reading one place or account, all calls together, without what they wait to keep to
    /// AWS's rates. Whatever is not read by then is unreadable.
    pub place: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(15),
            operation: Duration::from_secs(60),
            propagation: Duration::from_secs(120),
            first_wait: Duration::from_secs(1),
            place: Duration::from_secs(120),
        }
    }
}

/// AWS, reached with one set of credentials and the roles that they may assume.
#[derive(Debug)]
pub struct Aws {
    base: SdkConfig,
    endpoints: Arc<Endpoints>,
    notes: Vec<String>,
    processes: Vec<Arc<Process>>,
    lacking: Option<String>,
    timing: Timing,
    limits: Limits,
    run: Option<RunLimit>,
    accounts: Accounts,
    gate: Arc<Gate>,
    throttles: Throttles,
    caller: OnceCell<Caller>,
    sts: OnceLock<aws_sdk_sts::Client>,
    /// By region, and whether the caller's own credentials are the ones to use.
    clients: Mutex<HashMap<(Region, bool), Arc<Clients>>>,
    /// By account: its role's credentials serve all its regions.
    roles: Mutex<HashMap<AccountId, Arc<RoleSession>>>,
    sessions: Mutex<HashMap<Place, Arc<Session>>>,
    written: Written,
    waiting: Option<fn(&str)>,
    /// The calls and errors that [`Self::waiting`] was told of.
    told_waiting: Mutex<BTreeSet<(String, String)>>,
}

impl Aws {
    /// Reads the AWS configuration of this machine and prepares to use it. Makes no AWS call yet:
    /// whether the credentials work is known from [`Cloud::caller`].
    ///
    /// # Errors
    ///
    /// When a setting cannot be used: an endpoint that is no http or https URL, a profile that does
    /// not exist.
    pub async fn connect(options: Options) -> Result<Self, CloudError> {
        let Connected { base, endpoints, notes, processes, lacking } =
            connect::connect(&options).await?;
        let timing = options.timing;
        Ok(Self {
            base,
            endpoints: Arc::new(endpoints),
            notes,
            processes,
            lacking,
            timing,
            limits: options.limits,
            run: options.run,
            accounts: options.accounts.unwrap_or_default(),
            gate: Arc::new(Gate::new(options.concurrency)),
            throttles: Throttles::default(),
            caller: OnceCell::new(),
            sts: OnceLock::new(),
            clients: Mutex::new(HashMap::new()),
            roles: Mutex::new(HashMap::new()),
            sessions: Mutex::new(HashMap::new()),
            written: Written::default(),
            waiting: options.waiting,
            told_waiting: Mutex::default(),
        })
    }

    /// The MFA devices that the roles of the user's profile ask for, each with its profile: their
    /// codes go into [`Options::mfa_token`]. Makes no call.
    ///
    /// # Errors
    ///
    /// As for [`Self::connect`].
    pub async fn mfa_devices(options: &Options) -> Result<Vec<(String, String)>, CloudError> {
        connect::mfa_devices(options)
    }

    /// What of the user's settings is not done as it is written, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The region that the user's configuration names; us-east-1 when it names none.
    pub fn region(&self) -> Option<Region> {
        self.base.region().and_then(|region| Region::new(region.as_ref()))
    }

    /// How many times each operation was called so far, the SDK's own retries not counted.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.gate.calls()
    }

    /// Tells once of each call and error that a write is still refused, and how long it is tried.
    fn tell_waiting(&self, place: &Place, error: &CloudError) {
        let Some(tell) = self.waiting else { return };
        let key = (error.operation.clone(), error.code.clone());
        if !self.told_waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
            return;
        }
        let (operation, code) = (&error.operation, &error.code);
        tell(&format!(
            "{operation} in {place} is still refused ({code}), which mostly passes: it is tried again for up to {:?}",
            self.timing.propagation
        ));
    }

    async fn known_caller(&self) -> Result<&Caller, CloudError> {
        let sign_in = async || {
            for process in &self.processes {
                process.ready(self.timing.operation).await?;
            }
            sts::caller(self.sts(), &self.gate).await
        };
        self.caller.get_or_try_init(sign_in).await.map_err(|error| match &self.lacking {
            Some(lacking) if error.kind == CloudErrorKind::NoCredentials => {
                CloudError { message: format!("{lacking}; {}", error.message), ..error }
            }
            _ => error,
        })
    }

    fn sts(&self) -> &aws_sdk_sts::Client {
        self.sts.get_or_init(|| sts::client(&self.base, &self.endpoints, &self.throttles))
    }

    /// The role in an account; `None` when the caller's own credentials are used.
    async fn role_in(&self, place: &Place) -> Result<Option<Arc<RoleSession>>, CloudError> {
        let caller = self.known_caller().await?;
        let account = &place.account;
        let Some(role) = self.accounts.role_in(account, &caller.account) else {
            if caller.account == *account {
                return Ok(None);
            }
            let is_listed = self.accounts.listed.contains_key(account);
            return Err(sts::no_way_into(account, caller, is_listed));
        };
        let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = roles.get(account) {
            return Ok(Some(Arc::clone(known)));
        }
        let arn = role.arn(place.region.partition(), account);
        if Arn::parse(&arn).is_none_or(|arn| arn.account != account.as_str()) {
            return Err(errors::refused(
                "sts:AssumeRole",
                "OtherAccount",
                format!("the role {arn} is not one of account {account}"),
            ));
        }
        let session = Arc::new(RoleSession::new(
            arn,
            role.clone(),
            caller.arn.clone(),
            self.sts().clone(),
            Arc::clone(&self.gate),
            self.timing,
        ));
        roles.insert(account.clone(), Arc::clone(&session));
        Ok(Some(session))
    }

    /// The clients of a region, with the caller's own credentials or those of the account that a
    /// call is made for.
    fn clients(&self, region: &Region, own: bool) -> Arc<Clients> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let known = clients.entry((region.clone(), own)).or_insert_with(|| {
            let mut config = self.base.to_builder();
            if *region != Region::global() {
                config = config.region(session::sdk_region(region));
            }
            if !own {
                config = config
                    .credentials_provider(SharedCredentialsProvider::new(OfCall))
                    // A call for one account must not be signed for another.
                    .identity_cache(aws_config::identity::IdentityCache::no_cache());
            }
            let endpoints = Arc::clone(&self.endpoints);
            Arc::new(Clients::new(config.build(), endpoints, self.throttles.clone()))
        });
        Arc::clone(known)
    }

    async fn session(&self, place: &Place) -> Result<Arc<Session>, CloudError> {
        let known =
            self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned();
        if let Some(session) = known {
            return Ok(session);
        }
        let role = self.role_in(place).await?;
        if let Some(role) = &role {
            // Assumed now and not with the first call, so that the whole place is reported as
            // unreachable at once.
            role.credentials().await?;
        }
        let session = Arc::new(self.new_session(place.clone(), role));
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() > IDLE_SESSIONS {
            sessions.retain(|_, session| Arc::strong_count(session) > 1);
        }
        Ok(Arc::clone(sessions.entry(place.clone()).or_insert(session)))
    }

    fn new_session(&self, place: Place, role: Option<Arc<RoleSession>>) -> Session {
        let clients = self.clients(&place.region, role.is_none());
        Session::new(place, clients, role, Arc::clone(&self.gate), self.limits.pages)
    }

    async fn read_organization(&self, reads: &OrganizationReads) -> Observed<Organization> {
        let caller = match self.caller().await {
            Ok(caller) => caller,
            Err(error) => return Observed::Unreadable((&error).into()),
        };
        // With the caller's own credentials, even if the blueprint has a role for the caller's
        // account.
        let region = self.region().unwrap_or_else(Region::global);
        let session = self.new_session(Place::new(caller.account.clone(), region), None);
        organizations::observe(&session, self.timing, self.run, reads).await
    }
}

impl Cloud for Aws {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, CloudError>> {
        let caller = async { self.known_caller().await.cloned() };
        deadline::within(None, self.run, caller).boxed()
    }

    fn organization<'a>(
        &'a self,
        reads: &'a OrganizationReads,
    ) -> BoxFuture<'a, Observed<Organization>> {
        self.read_organization(reads).boxed()
    }

    fn observe_account<'a>(
        &'a self,
        account: &'a AccountId,
        reads: &'a AccountReads,
    ) -> BoxFuture<'a, AccountSnapshot> {
        let work = observe::account(self, account, reads).boxed();
        deadline::within(Some(self.timing.place), self.run, work).boxed()
    }

    fn observe<'a>(&'a self, place: &'a Place, reads: &'a ReadSet) -> BoxFuture<'a, PlaceSnapshot> {
        let work = observe::place(self, place, reads).boxed();
        deadline::within(Some(self.timing.place), self.run, work).boxed()
    }

    fn perform<'a>(
        &'a self,
        place: &'a Place,
        action: &'a Action,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        perform::perform(self, place, action).boxed()
    }

    fn lookup<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a Lookup,
    ) -> BoxFuture<'a, Result<LookupPage, CloudError>> {
        let work = async move { self.session(place).await?.lookup(self.timing, wanted).await };
        deadline::within(None, self.run, work).boxed()
    }

    fn secret<'a>(
        &'a self,
        reference: &'a SecretReference,
        region: Option<&'a Region>,
    ) -> BoxFuture<'a, Result<String, CloudError>> {
        let work = async move {
            let caller = self.known_caller().await?;
            let region = reference.region().or_else(|| region.cloned()).or_else(|| self.region());
            let place = Place::new(caller.account.clone(), region.unwrap_or_else(Region::global));
            // With the caller's own credentials, whatever role the blueprint has for the account.
            let found = self.new_session(place.clone(), None).secret(reference).await;
            found.map_err(|error| {
                let message = format!("{} (asked in {})", error.message, place.region);
                CloudError { message, ..error }
            })
        };
        deadline::within(None, self.run, work).boxed()
    }

    fn receive<'a>(
        &'a self,
        place: &'a Place,
        queue: &'a str,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, CloudError>> {
        let work = async move { self.session(place).await?.receive(queue).await };
        deadline::within(None, self.run, work).boxed()
    }

    fn throttled(&self) -> u64 {
        self.throttles.count()
    }

    fn lacking<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a BTreeSet<Permission>,
    ) -> BoxFuture<'a, Result<Vec<Permission>, CloudError>> {
        let work = async move {
            let identity = match self.role_in(place).await? {
                Some(role) => role.arn.clone(),
                None => self.known_caller().await?.arn.clone(),
            };
            self.session(place).await?.lacking(&identity, wanted).await
        };
        deadline::within(None, self.run, work).boxed()
    }
}
