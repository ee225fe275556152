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
    -- A keyed hash of the name and the day of birth that a verifier approved. Users with the same one
    -- share their limits, so it stays when the person is erased.
    person_hash bytea,
    created_at bigint not null,
    erased_at bigint,
    primary key (mode, id)
);
create unique index users_by_email on users (mode, email_hash);
create index users_by_person on users (mode, person_hash);

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

-- What operators did about users, who belong to no partner.
create table user_actions (
    mode text not null check (mode in ('test', 'live')),
    user_id text not null,
    -- From 1, for each user.
    number bigint not null,
    action text not null,
    outcome text not null,
    reason text not null,
    actor text not null,
    created_at bigint not null,
    primary key (mode, user_id, number)
);

-- on sqlite:
create trigger user_actions_stay before update on user_actions
    begin select raise(abort, 'user_actions is append-only'); end;
create trigger user_actions_remain before delete on user_actions
    begin select raise(abort, 'user_actions is append-only'); end;
-- on postgres:
create trigger user_actions_stay before update on user_actions
    for each statement execute function refuse_change();
create trigger user_actions_remain before delete or truncate on user_actions
    for each statement execute function refuse_change();
-- on both:

-- Codes that prove that somebody reads an address. The last one of a session counts; those before it
-- stay for a day, so that it can be told how many were sent.
create table email_codes (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    session_id text not null,
    -- From 1, for each session.
    number bigint not null,
    email_hash bytea not null,
    email_sealed bytea not null,
    -- A keyed hash of the code; null once it has been used.
    code_hash bytea,
    tries bigint not null,
    sent_at bigint not null,
    primary key (partner_id, mode, session_id, number)
);
create index email_codes_by_email on email_codes (mode, email_hash, sent_at);
create index email_codes_by_age on email_codes (sent_at);

-- Checks that a verifier is asked about, under a lease, until it has decided.
create table identity_checks (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    session_id text not null,
    user_id text not null,
    level text not null check (level in ('basic', 'enhanced')),
    -- What the user gave for it; null once nobody is asked about it any more.
    submission_sealed bytea,
    status text not null
        check (status in ('pending', 'held', 'approved', 'rejected', 'again', 'timed_out', 'dropped')),
    -- What people decide about first; null where nothing was held.
    screening_id text,
    attempts bigint not null,
    -- Since when the verifier is asked; null while people decide first.
    asked_at bigint,
    due_at bigint,
    lease_token text,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id)
);
create index identity_checks_due on identity_checks (due_at) where due_at is not null;
create index identity_checks_by_session on identity_checks (partner_id, mode, session_id, id);
create index identity_checks_by_user on identity_checks (mode, user_id);

-- Mails to users, sealed. They stay in the sandbox's mailbox for a day, where its partner can read them.
create table mails (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    email_hash bytea not null,
    mail_sealed bytea not null,
    created_at bigint not null,
    primary key (partner_id, mode, id)
);
create index mails_to_address on mails (mode, email_hash, partner_id, id);
create index mails_by_age on mails (created_at);
