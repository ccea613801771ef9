import { Search } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { href, navigate } from "../router";
import { offerSearchField } from "../state/searchBox";
import { t } from "../texts";
import styles from "./SearchBox.module.css";

/** The search field of the sidebar, which leads to the search view. */
export function SearchBox() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => (field.current ? offerSearchField(field.current) : undefined), []);
  function onSubmit(event: SubmitEvent) {
    event.preventDefault();
    if (!field.current) return;
    navigate(href(["search"], { q: field.current.value.trim() }));
    field.current.value = ""; // the search view has a field of its own
  }

  return (
    <search class={styles.search} aria-label={t().nav.search}>
      <form class={styles.box} onSubmit={onSubmit}>
        <Search size={16} aria-hidden="true" />
        <input
          ref={field}
          type="search"
          aria-label={t().search.field}
          placeholder={t().search.title}
          enterkeyhint="search"
        />
        <span class={styles.key} aria-hidden="true">
          /
        </span>
      </form>
    </search>
  );
}
