import { useEffect, useState } from 'preact/hooks';
import { usePage } from '../context';
import { CheckIcon, CopyIcon } from './icons';
import { shorten } from './shorten';

/** A long value, shortened for the eye unless it must be compared, and whole in the clipboard. */
export function CopyRow({
  label,
  value,
  whole = false,
}: {
  label: string;
  value: string;
  whole?: boolean;
}) {
  const { announce } = usePage();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);

  async function copy() {
    const worked = await copyText(value);
    setCopied(worked);
    announce(worked ? `${label} copied.` : `${label} could not be copied.`);
  }

  return (
    <div class="row">
      <dt>{label}</dt>
      <dd>
        <span class="mono" title={value} data-whole={whole}>
          {whole ? value : shorten(value)}
        </span>
        <button
          type="button"
          class="icon-button"
          aria-label={`Copy ${label.toLowerCase()}`}
          onClick={copy}
        >
          {copied ? <CheckIcon size={18} /> : <CopyIcon />}
        </button>
      </dd>
    </div>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
