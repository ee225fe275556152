-- A receiver may answer with what it was sent, so what it answers to an event about a customer is not kept
-- any more: it outlived the customer.
update attempts set response_excerpt = null
    where response_excerpt is not null and (partner_id, mode, delivery_id) in
        (select partner_id, mode, id from deliveries where event_type like 'customer.%');
