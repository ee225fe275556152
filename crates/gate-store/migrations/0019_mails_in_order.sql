-- A new code ends the mail that still waits with the last one, so that the two cannot come in the wrong
-- order. Null where a process of before wrote it.
alter table mails add column session_id text;
create index mails_waiting_of_session on mails (partner_id, mode, session_id)
    where status = 'waiting';

-- A process of the version before mails were sent may write one while this one begins: it knows neither
-- column, and means a mail of the sandbox that is kept. SQLite is open in one process only.

-- on postgres:
alter table mails alter column status set default 'kept';
alter table mails alter column attempts set default 0;
-- on both:
