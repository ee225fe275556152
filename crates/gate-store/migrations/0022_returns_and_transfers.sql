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
