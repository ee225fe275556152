-- A stray that was settled outside of the gateway is dismissed: nobody is looked for any more.

alter table strays add column dismissed_at bigint
    check (dismissed_at is null or deposit_id is null);
-- Who said so, and why.
alter table strays add column dismissed_by text;
alter table strays add column dismissed_reason text;
drop index strays_waiting;
create index strays_open on strays (mode, id) where deposit_id is null and dismissed_at is null;
create index strays_addresses on strays (address);

-- A transaction of a network can hold several payments: a transfer is one of them. Until now only the
-- simulator told of transfers, with one payment in each.
alter table strays add column output bigint not null default 0;
drop index strays_once;
create unique index strays_once on strays (mode, network, transfer, output);
alter table deposits add column output bigint not null default 0;
drop index deposits_once;
create unique index deposits_once on deposits
    (partner_id, mode, transaction_id, network, transfer, output);

-- What was dismissed stays. Neither engine knows the other's words for that.
-- on sqlite:
create trigger strays_stay before update on strays when old.dismissed_at is not null
    begin select raise(abort, 'a dismissed stray stays'); end;
-- on postgres:
create trigger strays_stay before update on strays
    for each row when (old.dismissed_at is not null) execute function refuse_change();
-- on both:
