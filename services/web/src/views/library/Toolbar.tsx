import { ArrowDownNarrowWide, ArrowUpNarrowWide, Search } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { IconButton } from "../../components/IconButton";
import { setQuery } from "../../router";
import { t } from "../../texts";
import styles from "./Toolbar.module.css";

interface Props<T extends string> {
  /** The name of the text field. */
  find: string;
  q: string;
  sorts: readonly { value: T; label: string }[];
  sort: T;
  order: "asc" | "desc";
  children?: ComponentChildren;
}

const TYPING_MS = 250;

/** Finds and sorts what a part of the library lists. Everything is in the address. */
export function Toolbar<T extends string>({ find, q, sorts, sort, order, children }: Props<T>) {
  const texts = t().library;
  const isDescending = order === "desc";
  return (
    <div class={styles.toolbar}>
      <FindField label={find} q={q} />
      <div class={styles.sort}>
        <select
          aria-label={texts.sortBy}
          value={sort}
          onChange={(event) => setQuery({ sort: event.currentTarget.value, order: null })}
        >
          {sorts.map((each) => (
            <option key={each.value} value={each.value}>
              {each.label}
            </option>
          ))}
        </select>
        <IconButton
          icon={isDescending ? ArrowDownNarrowWide : ArrowUpNarrowWide}
          label={isDescending ? texts.descending : texts.ascending}
          onClick={() => setQuery({ order: isDescending ? null : "desc" })}
        />
      </div>
      {children}
    </div>
  );
}

function FindField({ label, q }: { label: string; q: string }) {
  const [text, setText] = useState(q);
  const timer = useRef<number>();
  useEffect(() => setText(q), [q]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <div class={styles.find}>
      <Search size={16} aria-hidden="true" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onInput={(event) => {
          const typed = event.currentTarget.value;
          setText(typed);
          clearTimeout(timer.current);
          timer.current = window.setTimeout(() => setQuery({ q: typed.trim() || null }), TYPING_MS);
        }}
      />
    </div>
  );
}
