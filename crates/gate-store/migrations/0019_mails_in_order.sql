-- A process of the version before mails were sent may write one while this one begins: it knows neither
-- columns, and means a mail of the sandbox that is kept. SQLite is open in one process only.

-- on postgres:
alter table mails alter column status set default 'kept';
alter table mails alter column attempts set default 0;
-- on both:
