/** The product's sign; its name stands beside it. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 512 512" aria-hidden className={className}>
      <rect width="512" height="512" rx="116" fill="#3a4bd0" />
      <path
        d="M142 168c0-30 24-54 54-54h120c52 0 94 42 94 94s-42 94-94 94h-66l-64 56c-8 7-20 1-20-9v-47c-14-8-24-25-24-43z"
        fill="#fff"
      />
      <circle cx="218" cy="208" r="21" fill="#3a4bd0" />
      <circle cx="278" cy="208" r="21" fill="#3a4bd0" />
      <circle cx="338" cy="208" r="21" fill="#7fe0c3" />
      <path d="M196 398h120" stroke="#7fe0c3" strokeWidth="28" strokeLinecap="round" />
    </svg>
  );
}
