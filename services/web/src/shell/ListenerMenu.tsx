import { CircleUser, Eye, EyeOff, Heart, Users } from "lucide-preact";
import { useState } from "preact/hooks";
import { Dialog } from "../components/Dialog";
import { ListenerList } from "../components/ListenerList";
import { Menu, type MenuItem } from "../components/Menu";
import { href } from "../router";
import { canSwitch, listener, me, privateSession } from "../state/listener";
import { t } from "../texts";
import styles from "./ListenerMenu.module.css";

/** Who listens, with a menu to switch and to listen privately. */
export function ListenerMenu() {
  const [isChoosing, setChoosing] = useState(false);
  if (!me.value?.scopes.includes("listen")) return null;
  const texts = t().listener;
  const name = listener.value ?? texts.nobody;
  const isPrivate = privateSession.value;
  const items: MenuItem[] = [];
  if (canSwitch.value) items.push({ label: texts.switch, icon: Users, run: () => setChoosing(true) });
  items.push({
    label: isPrivate ? texts.endPrivate : texts.startPrivate,
    icon: isPrivate ? Eye : EyeOff,
    run: () => {
      privateSession.value = !isPrivate;
    },
  });
  items.push({ label: t().nav.taste, icon: Heart, href: href(["taste"]) });
  return (
    <div class={styles.listener}>
      <Menu label={texts.menu(name)} icon={isPrivate ? EyeOff : CircleUser} items={items} />
      <span class={styles.name} aria-hidden="true">
        {name}
      </span>
      {isChoosing && (
        <Dialog title={texts.question} onClose={() => setChoosing(false)}>
          <ListenerList onChosen={() => setChoosing(false)} />
        </Dialog>
      )}
    </div>
  );
}
