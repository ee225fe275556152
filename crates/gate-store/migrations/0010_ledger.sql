-- The books: chained by hashes, told apart rail by rail, kept for good by the database itself; with
-- holds, refunds, and what operators did. What was booked before is copied by the program
-- (src/migrations/chain.rs), since no engine here takes a hash: the chains begin with it.

-- The end of each partner's chain, locked with its feed.
alter table feeds add column last_posting bigint not null default 0;
alter table feeds add column ledger_head text not null
    default '0000000000000000000000000000000000000000000000000000000000000000';

drop index postings_once;
alter table postings rename to postings_before;
alter table entries rename to entries_before;

create table postings (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    -- Its place in the partner's chain, from 1 without gaps.
    number bigint not null check (number > 0),
    id text not null,
    transaction_id text not null,
    -- What the fact is about: the transaction, or one of its refunds.
    subject text not null,
    booking text not null check (booking in
        ('payment_captured', 'tokens_delivered', 'payment_refunded',
        'tokens_received', 'money_paid_out', 'tokens_returned', 'refund_paid', 'written_off')),
    created_at bigint not null,
    -- SHA-256 in hexadecimal: of the posting before, and of this one with it.
    previous text not null,
    hash text not null,
    primary key (partner_id, mode, number)
);
-- A fact is booked once, whatever the code above believes.
create unique index postings_once on postings (partner_id, mode, transaction_id, subject, booking);

create table entries (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    -- The posting's.
    number bigint not null,
    line bigint not null,
    account text not null,
    asset text not null,
    units text not null,
    primary key (partner_id, mode, number, line)
);

-- What is promised and therefore nobody else's.
create table holds (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    -- Who promised it: a transaction, or a refund.
    subject text not null,
    transaction_id text not null,
    account text not null,
    asset text not null,
    units text not null,
    created_at bigint not null,
    primary key (partner_id, mode, subject)
);
-- The key is why a hold ends once.
create table hold_ends (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    subject text not null,
    ended text not null check (ended in ('posted', 'voided', 'expired')),
    created_at bigint not null,
    primary key (partner_id, mode, subject)
);

-- A session is settled once, whatever the code above believes.
create unique index transactions_settled_once on transactions (partner_id, mode, session_id)
    where status = 'completed';

create table refunds (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    transaction_id text not null,
    session_id text not null,
    -- What the user gets back, as JSON.
    amount text not null,
    -- How much of it is the service fee, in smallest units.
    service_units text not null,
    status text not null check (status in ('pending', 'succeeded', 'failed', 'review')),
    state text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id)
);
create index refunds_by_transaction on refunds (partner_id, mode, transaction_id, id);
-- One refund of a transaction at a time, whatever the code above believes.
create unique index refunds_under_way on refunds (partner_id, mode, transaction_id)
    where status in ('pending', 'review');

-- Who decided what about a transaction or a refund, when and why.
create table operator_actions (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    subject text not null,
    -- From 1, for each subject.
    number bigint not null,
    action text not null,
    outcome text not null,
    reason text not null,
    actor text not null,
    created_at bigint not null,
    primary key (partner_id, mode, subject, number)
);

-- What is written stays. Neither engine knows the other's words for that.
-- on sqlite:
create trigger postings_stay before update on postings
    begin select raise(abort, 'postings is append-only'); end;
create trigger postings_remain before delete on postings
    begin select raise(abort, 'postings is append-only'); end;
create trigger entries_stay before update on entries
    begin select raise(abort, 'entries is append-only'); end;
create trigger entries_remain before delete on entries
    begin select raise(abort, 'entries is append-only'); end;
create trigger holds_stay before update on holds
    begin select raise(abort, 'holds is append-only'); end;
create trigger holds_remain before delete on holds
    begin select raise(abort, 'holds is append-only'); end;
create trigger hold_ends_stay before update on hold_ends
    begin select raise(abort, 'hold_ends is append-only'); end;
create trigger hold_ends_remain before delete on hold_ends
    begin select raise(abort, 'hold_ends is append-only'); end;
create trigger operator_actions_stay before update on operator_actions
    begin select raise(abort, 'operator_actions is append-only'); end;
create trigger operator_actions_remain before delete on operator_actions
    begin select raise(abort, 'operator_actions is append-only'); end;
-- on postgres:
create function refuse_change() returns trigger language plpgsql as
    $$ begin raise exception '% is append-only', tg_table_name; end $$;
create trigger postings_stay before update on postings
    for each statement execute function refuse_change();
create trigger postings_remain before delete or truncate on postings
    for each statement execute function refuse_change();
create trigger entries_stay before update on entries
    for each statement execute function refuse_change();
create trigger entries_remain before delete or truncate on entries
    for each statement execute function refuse_change();
create trigger holds_stay before update on holds
    for each statement execute function refuse_change();
create trigger holds_remain before delete or truncate on holds
    for each statement execute function refuse_change();
create trigger hold_ends_stay before update on hold_ends
    for each statement execute function refuse_change();
create trigger hold_ends_remain before delete or truncate on hold_ends
    for each statement execute function refuse_change();
create trigger operator_actions_stay before update on operator_actions
    for each statement execute function refuse_change();
create trigger operator_actions_remain before delete or truncate on operator_actions
    for each statement execute function refuse_change();
