import { usePage } from '../context';
import { Button } from './button';
import { Notice } from './notice';

/** Stands where the way on would be: nobody goes on with a price that no longer holds. */
export function Lapsed() {
  const { act, busy } = usePage();
  return (
    <>
      <Notice tone="warning">
        The price you accepted has lapsed. Please look at the new one and decide again.
      </Notice>
      <Button busy={busy === 'back'} onClick={() => act('back', (client) => client.back('amount'))}>
        See the new price
      </Button>
    </>
  );
}
