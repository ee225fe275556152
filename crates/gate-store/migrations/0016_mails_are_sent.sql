-- Mails of live mode are sent, under a lease, until what they say is no longer good; those of the
-- sandbox stay in its mailbox. What a mail says is forgotten once it is sent, or given up.

-- on sqlite:
create table mails_after (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    email_hash bytea not null,
    -- Null once it is sent or given up.
    mail_sealed bytea,
    status text not null check (status in ('kept', 'waiting', 'sent', 'given_up')),
    attempts bigint not null,
    due_at bigint check (due_at is null or mode = 'live'),
    -- Until when it is worth sending; null where it is kept.
    good_until bigint,
    lease_token text,
    created_at bigint not null,
    primary key (partner_id, mode, id)
);
insert into mails_after
        (partner_id, mode, id, email_hash, mail_sealed, status, attempts, created_at)
    select partner_id, mode, id, email_hash, mail_sealed, 'kept', 0, created_at from mails;
drop table mails;
alter table mails_after rename to mails;
create index mails_to_address on mails (mode, email_hash, partner_id, id);
create index mails_by_age on mails (created_at);
-- on postgres:
alter table mails alter column mail_sealed drop not null;
alter table mails add column status text not null default 'kept'
    check (status in ('kept', 'waiting', 'sent', 'given_up'));
alter table mails add column attempts bigint not null default 0;
alter table mails add column due_at bigint check (due_at is null or mode = 'live');
alter table mails add column good_until bigint;
alter table mails add column lease_token text;
alter table mails alter column status drop default;
alter table mails alter column attempts drop default;
-- on both:

create index mails_due on mails (due_at) where due_at is not null;
create index mails_waiting on mails (created_at) where status = 'waiting';

-- Codes that nobody has typed: so many are sent for one partner and no more.
create index email_codes_unused on email_codes (partner_id, mode, sent_at)
    where code_hash is not null;
