-- Users whom the gateway knows, what they have shown of themselves, and what they have moved. A user
-- belongs to the deployment and not to one partner: limits of the law count over all of them.

create table users (
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    -- A keyed hash of the e-mail address; null once the person is erased.
    email_hash bytea,
    -- How sure the gateway is of who they are: null, basic or enhanced.
    level text check (level in ('basic', 'enhanced')),
    level_since bigint,
    created_at bigint not null,
    erased_at bigint,
    primary key (mode, id)
);
create unique index users_by_email on users (mode, email_hash);

-- What is known about the person, sealed, in a table of its own that is emptied to forget them.
create table people (
    mode text not null check (mode in ('test', 'live')),
    user_id text not null,
    person_sealed bytea not null,
    updated_at bigint not null,
    primary key (mode, user_id)
);

-- What counts against a user's limits, in smallest units of the limits' currency, at the time of the
-- session that it was moved in.
create table user_spends (
    mode text not null check (mode in ('test', 'live')),
    user_id text not null,
    partner_id text not null,
    transaction_id text not null,
    units bigint not null,
    spent_at bigint not null,
    -- Since when it counts no more: nothing moved for good.
    given_back_at bigint,
    primary key (mode, transaction_id)
);
create index user_spends_by_user on user_spends (mode, user_id, spent_at, units)
    where given_back_at is null;

-- Codes that prove that somebody reads an address: one for a session, the last one sent.
create table email_codes (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    session_id text not null,
    email_hash bytea not null,
    email_sealed bytea not null,
    code_hash bytea not null,
    tries bigint not null,
    sent bigint not null,
    sent_at bigint not null,
    expires_at bigint not null,
    primary key (partner_id, mode, session_id)
);
create index email_codes_by_email on email_codes (mode, email_hash, sent_at);

-- Checks that a verifier is asked about, under a lease, until it has decided.
create table identity_checks (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    session_id text not null,
    user_id text not null,
    level text not null check (level in ('basic', 'enhanced')),
    -- What the user gave for it; null once it is decided.
    submission_sealed bytea,
    status text not null
        check (status in ('pending', 'held', 'approved', 'rejected', 'again', 'timed_out', 'dropped')),
    attempts bigint not null,
    due_at bigint,
    lease_token text,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id)
);
create index identity_checks_due on identity_checks (due_at) where due_at is not null;
create index identity_checks_by_session on identity_checks (partner_id, mode, session_id, id);
create index identity_checks_by_user on identity_checks (mode, user_id);

-- Mail to users, sealed. In the sandbox it stays here, where its partner can read it.
create table mails (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    email_hash bytea not null,
    mail_sealed bytea not null,
    created_at bigint not null,
    -- When it is to be sent next; null when it is sent, or stays here.
    due_at bigint,
    attempts bigint not null,
    lease_token text,
    primary key (partner_id, mode, id)
);
create index mails_due on mails (due_at) where due_at is not null;
create index mails_by_address on mails (mode, email_hash, created_at);
create index mails_by_age on mails (created_at);
