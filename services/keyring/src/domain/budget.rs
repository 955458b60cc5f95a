//! How many keys a service may open for a tenant: a token bucket per pair, so that a service that is being drained stops.

use kernel::{Service, TenantId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const MICROS: i128 = 1_000_000;

/// What a service may open for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Openings that may come at once.
    pub burst: u32,
    /// Openings that are given back each second.
    pub per_second: u32,
}

/// The openings each service has left for each tenant, in this process.
pub struct Budgets {
    allowance: Allowance,
    accounts: Mutex<HashMap<(Service, TenantId), Account>>,
}

#[derive(Clone, Copy)]
struct Account {
    /// In millionths of an opening, so that a microsecond gives back a whole number.
    left: i128,
    seen_us: i64,
    exceeded: bool,
}

/// What a request for more than is left is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// When the same request fits, in whole seconds, at least one.
    pub retry_after_seconds: u32,
    /// This is the first refusal since the account was last good for a request: the one worth an alert.
    pub first: bool,
}

impl Budgets {
    /// Full accounts for everybody.
    pub fn new(allowance: Allowance) -> Self {
        Self { allowance, accounts: Mutex::default() }
    }

    /// Takes `openings` from the account, all or nothing. A request larger than the burst passes when the account is full, and leaves it in debt.
    pub fn take(&self, service: Service, tenant: TenantId, openings: u32, now_us: i64) -> Result<(), Exceeded> {
        let full = i128::from(self.allowance.burst) * MICROS;
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = accounts.entry((service, tenant)).or_insert(Account { left: full, seen_us: now_us, exceeded: false });
        let passed = i128::from(now_us.saturating_sub(account.seen_us).max(0));
        account.left = full.min(account.left + passed * i128::from(self.allowance.per_second));
        account.seen_us = account.seen_us.max(now_us);
        let asked = i128::from(openings) * MICROS;
        let missing = asked.min(full) - account.left;
        if missing <= 0 {
            account.left -= asked;
            account.exceeded = false;
            return Ok(());
        }
        let first = !std::mem::replace(&mut account.exceeded, true);
        Err(Exceeded { retry_after_seconds: self.wait(missing), first })
    }

    fn wait(&self, missing: i128) -> u32 {
        let a_second = (i128::from(self.allowance.per_second) * MICROS).max(1);
        let seconds = (missing + a_second - 1) / a_second;
        u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000;

    fn budgets(burst: u32, per_second: u32) -> Budgets {
        Budgets::new(Allowance { burst, per_second })
    }

    #[test]
    fn what_is_spent_comes_back_by_the_clock() {
        let budgets = budgets(100, 10);
        let take = |openings, at| budgets.take(Service::Contacts, TenantId::HOUSE, openings, at);
        assert_eq!(take(100, 0), Ok(()));
        assert_eq!(take(25, 0), Err(Exceeded { retry_after_seconds: 3, first: true }));
        assert_eq!(take(25, 2 * SECOND), Err(Exceeded { retry_after_seconds: 1, first: false }));
        assert_eq!(take(25, 25 * SECOND / 10), Ok(()));
        assert_eq!(take(1, 25 * SECOND / 10), Err(Exceeded { retry_after_seconds: 1, first: true }));
    }

    #[test]
    fn accounts_are_apart() {
        let budgets = budgets(1, 1);
        let other = TenantId::from(uuid::Uuid::from_u128(7));
        assert_eq!(budgets.take(Service::Contacts, TenantId::HOUSE, 1, 0), Ok(()));
        assert_eq!(budgets.take(Service::Consent, TenantId::HOUSE, 1, 0), Ok(()));
        assert_eq!(budgets.take(Service::Contacts, other, 1, 0), Ok(()));
        assert!(budgets.take(Service::Contacts, TenantId::HOUSE, 1, 0).is_err());
    }

    #[test]
    fn a_request_above_the_burst_needs_a_full_account_and_is_paid_back() {
        let budgets = budgets(10, 10);
        assert_eq!(budgets.take(Service::Contacts, TenantId::HOUSE, 30, 0), Ok(()));
        assert_eq!(budgets.take(Service::Contacts, TenantId::HOUSE, 1, 2 * SECOND), Err(Exceeded { retry_after_seconds: 1, first: true }));
        assert_eq!(budgets.take(Service::Contacts, TenantId::HOUSE, 10, 3 * SECOND), Ok(()));
    }

    #[test]
    fn a_clock_that_stands_still_gives_nothing_back() {
        let budgets = budgets(5, 1_000_000);
        assert_eq!(budgets.take(Service::Audit, TenantId::HOUSE, 5, 9), Ok(()));
        assert!(budgets.take(Service::Audit, TenantId::HOUSE, 1, 9).is_err());
        assert!(budgets.take(Service::Audit, TenantId::HOUSE, 1, 3).is_err(), "an earlier time is no income");
    }

    proptest! {
        #[test]
        fn nobody_opens_more_than_the_burst_and_what_came_back(asks in proptest::collection::vec((1_u32..50, 0_i64..3 * SECOND), 1..60)) {
            let budgets = budgets(50, 7);
            let (mut now, mut opened) = (0, 0_i64);
            for (openings, passed) in asks {
                now += passed;
                if budgets.take(Service::Contacts, TenantId::HOUSE, openings, now).is_ok() {
                    opened += i64::from(openings);
                }
                prop_assert!(opened * SECOND <= 50 * SECOND + 7 * now);
            }
        }
    }
}
