-- The command that sends back what a deposit does not take in: the last one, which its answers are
-- heard from.
alter table deposits add column return_command text;
update deposits set return_command = (select max(c.id) from commands c
        where c.partner_id = deposits.partner_id and c.mode = deposits.mode
            and c.transaction_id = deposits.transaction_id and c.kind = 'refund'
            and c.body like '%"' || deposits.id || '"%')
    where status in ('held', 'returning');
-- What is still asked about was not refused: nobody knows.
update deposits set state = '{"status":"held","cause":"return_unknown"}'
    where state = '{"status":"held","cause":"return_failed"}'
        and exists (select 1 from commands c where c.partner_id = deposits.partner_id
            and c.mode = deposits.mode and c.id = deposits.return_command and c.due_at is not null);

-- One payment of a network is one deposit or one stray, whoever it is told of and with whatever memo.
create table transfers (
    mode text not null check (mode in ('test', 'live')),
    network text not null,
    transfer text not null,
    output bigint not null,
    primary key (mode, network, transfer, output)
);
-- In the sandbox a partner's name for a transfer was told apart by its transaction only.
insert into transfers (mode, network, transfer, output)
    select mode, network, transfer, output from deposits
    union select mode, network, transfer, output from strays;
create index deposits_transfers on deposits (mode, network, transfer, output);
-- A user is shown what came and did not count, whichever of the session's transactions it came for.
create index deposits_by_session on deposits (partner_id, mode, session_id);
