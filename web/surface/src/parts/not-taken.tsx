import type { NotTaken } from '../api';
import { notTakenWords } from './not-taken-words';
import { Notice } from './notice';

/** What came and did not count, transfer by transfer: where it is, or goes. */
export function NotTakenNotices({ list, shop }: { list: NotTaken[]; shop: string }) {
  return (
    <>
      {list.map((one, place) => (
        <Notice key={place} tone={one.status === 'held' ? 'warning' : 'info'}>
          {notTakenWords(one, shop)}
        </Notice>
      ))}
    </>
  );
}
