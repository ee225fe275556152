//! A closure on its way through a queue, with the way back to its caller. Its types are boxed
//! away here, so that the engines see only "run, then answer". A panic ends here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::{IdempotentRequest, StoreError, Tx};

/// What an engine does with a closure.
pub(crate) trait Job: Send {
    /// Run the closure once. It may be run again.
    fn run(&mut self, tx: &mut Tx) -> Verdict;
    /// Answer the caller with the last run's result, or with this error instead of it.
    fn answer(self: Box<Self>, instead: Option<StoreError>);
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// The request that the closure will ask about.
    fn request(&self) -> Option<&IdempotentRequest>;
}

/// What is to become of a closure's transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Commit,
    Rollback,
    /// Roll back and run it again; its result stands only when the tries are used up.
    Retry,
}

/// Pack a closure; the receiver gets its answer.
pub(crate) fn job<T, E, F>(
    request: Option<IdempotentRequest>,
    closure: F,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T, E>>)
where
    F: Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (caller, answer) = oneshot::channel();
    (Box::new(Packed { request, closure, result: None, caller }), answer)
}

struct Packed<F, T, E> {
    request: Option<IdempotentRequest>,
    closure: F,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Packed<F, T, E>
where
    F: Fn(&mut Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> Verdict {
        tx.reset();
        // Unwind safety: what a panic may have left half done is rolled back with the transaction.
        let run = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx)));
        let (verdict, result) = match run {
            Err(panic) => (Verdict::Rollback, Err(StoreError::panicked(&*panic).into())),
            Ok(result) if tx.wants_retry() => {
                (Verdict::Retry, result.and(Err(StoreError::Retry.into())))
            }
            Ok(Ok(_)) if tx.failed() => (Verdict::Rollback, Err(StoreError::Poisoned.into())),
            Ok(Ok(value)) => (Verdict::Commit, Ok(value)),
            Ok(Err(error)) => (Verdict::Rollback, Err(error)),
        };
        self.result = Some(result);
        verdict
    }

    fn answer(self: Box<Self>, instead: Option<StoreError>) {
        let never_run = || StoreError::Unavailable("the transaction was not run".to_owned());
        let result = match instead {
            Some(error) => Err(error.into()),
            None => self.result.unwrap_or_else(|| Err(never_run().into())),
        };
        let _ = self.caller.send(result); // a caller who left does not need it
    }

    fn is_abandoned(&self) -> bool {
        self.caller.is_closed()
    }

    fn request(&self) -> Option<&IdempotentRequest> {
        self.request.as_ref()
    }
}
