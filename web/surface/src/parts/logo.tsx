import { useState } from 'preact/hooks';

/** The partner's logo beside its name, which says the same. One that does not load is left out. */
export function Logo({ url }: { url: string }) {
  const [broken, setBroken] = useState<string | null>(null);
  if (broken === url) return null;
  return (
    <img
      class="logo"
      src={url}
      alt=""
      referrerpolicy="no-referrer"
      decoding="async"
      onError={() => setBroken(url)}
    />
  );
}
