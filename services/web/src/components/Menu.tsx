import type { LucideIcon } from "lucide-preact";
import { Ellipsis } from "lucide-preact";
import { useId, useRef } from "preact/hooks";
import { IconButton } from "./IconButton";
import styles from "./Menu.module.css";

export interface MenuItem {
  label: string;
  icon: LucideIcon;
  /** What happens, or where the item leads. */
  run?: () => void;
  href?: string;
  isDangerous?: boolean;
}

/** A button that opens a menu. Arrow keys move in it, Escape closes it. */
export function Menu({
  label,
  items,
  icon = Ellipsis,
}: {
  label: string;
  items: readonly MenuItem[];
  icon?: LucideIcon;
}) {
  const id = useId();
  const button = useRef<HTMLSpanElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const entries = () => [...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];

  function open() {
    const box = button.current?.getBoundingClientRect();
    if (!box || !list.current) return;
    list.current.showPopover();
    const { offsetWidth: width, offsetHeight: height } = list.current;
    const isAbove = box.bottom + height > window.innerHeight && box.top > height;
    list.current.style.left = `${Math.max(8, Math.min(box.right - width, window.innerWidth - width - 8))}px`;
    list.current.style.top = `${isAbove ? box.top - height : Math.min(box.bottom, window.innerHeight - height - 8)}px`;
    entries()[0]?.focus();
  }

  function close() {
    list.current?.hidePopover();
    button.current?.querySelector("button")?.focus();
  }

  function onKeyDown(event: KeyboardEvent) {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const targets: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    const target = targets[event.key];
    if (target === undefined) {
      if (event.key === "Tab") close();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    all.at(target % all.length)?.focus();
  }

  return (
    <>
      <span ref={button} class={styles.anchor}>
        <IconButton icon={icon} label={label} size="sm" aria-haspopup="menu" aria-controls={id} onClick={open} />
      </span>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        class={styles.menu}
        onKeyDown={onKeyDown}
        tabIndex={-1}
      >
        {items.map(({ label: text, icon: Icon, run, href, isDangerous }) => {
          const shared = {
            role: "menuitem",
            tabIndex: -1,
            class: `${styles.item} ${isDangerous ? styles.danger : ""}`,
          } as const;
          const content = (
            <>
              <Icon size={16} aria-hidden="true" />
              {text}
            </>
          );
          if (href) {
            return (
              <a key={text} {...shared} href={href} onClick={close}>
                {content}
              </a>
            );
          }
          return (
            <button
              key={text}
              {...shared}
              type="button"
              onClick={() => {
                close();
                run?.();
              }}
            >
              {content}
            </button>
          );
        })}
      </div>
    </>
  );
}
