import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

let firstStep = true;

/**
 * The heading of a step takes the focus when the step appears, so that keyboard and screen reader
 * go on from there. Not on the first one: a frame must not take the focus from the page around it.
 */
export function Heading({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!firstStep) {
      heading.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    firstStep = false;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
