-- Halts: while one stands, no money moves. And two facts more that money moves by: a payment that is
-- taken back after what it paid for was delivered, and one that comes back once more.

create table ledger_halts (
    -- From 1.
    number bigint not null primary key,
    -- Whose books are broken; null where that is not one partner's matter.
    partner_id text,
    mode text check (mode in ('test', 'live')),
    -- What was found, in words.
    finding text not null,
    began_at bigint not null,
    -- When an operator lifted it, who, and why.
    lifted_at bigint,
    actor text,
    reason text
);
create index ledger_halts_standing on ledger_halts (number) where lifted_at is null;

-- on sqlite:
create table postings_after (
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
        'tokens_received', 'money_paid_out', 'tokens_returned', 'refund_paid', 'written_off',
        'payment_reversed', 'payment_reinstated')),
    created_at bigint not null,
    -- SHA-256 in hexadecimal: of the posting before, and of this one with it.
    previous text not null,
    hash text not null,
    primary key (partner_id, mode, number)
);
insert into postings_after (partner_id, mode, number, id, transaction_id, subject, booking,
        created_at, previous, hash)
    select partner_id, mode, number, id, transaction_id, subject, booking, created_at, previous, hash
    from postings;
drop table postings;
alter table postings_after rename to postings;
create unique index postings_once on postings (partner_id, mode, transaction_id, subject, booking);
create trigger postings_stay before update on postings
    begin select raise(abort, 'postings is append-only'); end;
create trigger postings_remain before delete on postings
    begin select raise(abort, 'postings is append-only'); end;
-- on postgres:
alter table postings drop constraint postings_booking_check;
alter table postings add constraint postings_booking_check check (booking in
    ('payment_captured', 'tokens_delivered', 'payment_refunded',
    'tokens_received', 'money_paid_out', 'tokens_returned', 'refund_paid', 'written_off',
    'payment_reversed', 'payment_reinstated'));
