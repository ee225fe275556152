import type { ComponentChildren } from 'preact';

/** Every icon stands beside words that say the same, so none of them is read out. */
function Icon({ children, size = 20 }: { children: ComponentChildren; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const LockIcon = ({ size = 16 }: { size?: number }) => (
  <Icon size={size}>
    <rect x="4" y="9" width="12" height="8" rx="2" />
    <path d="M7 9V6.5a3 3 0 0 1 6 0V9" />
  </Icon>
);

export const PersonIcon = ({ size = 20 }: { size?: number }) => (
  <Icon size={size}>
    <circle cx="10" cy="6.8" r="3.3" />
    <path d="M3.8 16.8c.6-3.2 3.1-5 6.2-5s5.6 1.8 6.2 5" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m5.5 5.5 9 9m0-9-9 9" />
  </Icon>
);

export const BackIcon = () => (
  <Icon size={18}>
    <path d="M12 4.5 6.5 10l5.5 5.5" />
  </Icon>
);

export const CheckIcon = ({ size = 20 }: { size?: number }) => (
  <Icon size={size}>
    <path d="m4.5 10.5 3.6 3.6 7.4-8" />
  </Icon>
);

export const CopyIcon = () => (
  <Icon size={18}>
    <rect x="7" y="7" width="9.5" height="9.5" rx="2" />
    <path d="M13 4.8A1.8 1.8 0 0 0 11.3 3.5H5.5a2 2 0 0 0-2 2v5.8A1.8 1.8 0 0 0 4.8 13" />
  </Icon>
);

export const PasteIcon = () => (
  <Icon size={18}>
    <rect x="4.5" y="4" width="11" height="13" rx="2" />
    <path d="M7.5 4.5v-1h5v1.8h-5z" />
  </Icon>
);

export const CardIcon = () => (
  <Icon>
    <rect x="2.5" y="4.5" width="15" height="11" rx="2" />
    <path d="M2.5 8.5h15M5.5 12.5h3" />
  </Icon>
);

export const InfoIcon = () => (
  <Icon size={18}>
    <circle cx="10" cy="10" r="7" />
    <path d="M10 9.2v4M10 6.7v.1" />
  </Icon>
);

export const AlertIcon = ({ size = 18 }: { size?: number }) => (
  <Icon size={size}>
    <path d="M10 3.2 17.3 16H2.7zM10 8.2v3.6M10 13.8v.1" />
  </Icon>
);

export const ClockIcon = ({ size = 20 }: { size?: number }) => (
  <Icon size={size}>
    <circle cx="10" cy="10" r="7" />
    <path d="M10 6v4.2l2.6 1.6" />
  </Icon>
);

export const OutIcon = () => (
  <Icon size={16}>
    <path d="M8 5H5v10h10v-3M11 4.5h4.5V9M15.2 4.8 9.5 10.5" />
  </Icon>
);

export const ChevronIcon = () => (
  <Icon size={16}>
    <path d="m5.5 8 4.5 4.5L14.5 8" />
  </Icon>
);

/** A zero whose lower bow stands open: the gate. */
export const Mark = () => (
  <svg class="mark" width="20" height="20" viewBox="0 0 24 24" aria-hidden="true">
    <path
      fill="none"
      stroke="currentColor"
      stroke-width="3"
      stroke-linecap="round"
      d="M8 20.2a9 9 0 1 1 8 0M12 13v7.5"
    />
  </svg>
);
