import { CircleUser, Eye, EyeOff, Heart, LogOut, Settings, Users } from "lucide-preact";
import { useState } from "preact/hooks";
import { href } from "../router";
import { canSwitch, listener, me, privateSession } from "../state/listener";
import { signOut } from "../state/session";
import { settingsAreOpen } from "../state/settings";
import { sayError } from "../state/toasts";
import { t } from "../texts";
import { Dialog } from "./Dialog";
import { ListenerList } from "./ListenerList";
import styles from "./ListenerMenu.module.css";
import { Menu, type MenuItem } from "./Menu";

/** Who listens, with a menu to switch, to listen privately and to change the settings. */
export function ListenerMenu() {
  const [isChoosing, setChoosing] = useState(false);
  const texts = t().listener;
  const name = listener.value ?? texts.nobody;
  return (
    <div class={styles.listener}>
      <Menu
        label={texts.menu(name)}
        icon={privateSession.value ? EyeOff : CircleUser}
        items={itemsOf(() => setChoosing(true))}
      />
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

function itemsOf(choose: () => void): MenuItem[] {
  const texts = t().listener;
  const isPrivate = privateSession.value;
  const toggle = () => {
    privateSession.value = !isPrivate;
  };
  const settings = () => {
    settingsAreOpen.value = true;
  };
  const items: MenuItem[] = [];
  if (canSwitch.value) items.push({ label: texts.switch, icon: Users, run: choose });
  if (me.value?.scopes.includes("listen")) {
    const label = isPrivate ? texts.endPrivate : texts.startPrivate;
    items.push({ label, icon: isPrivate ? Eye : EyeOff, run: toggle });
    items.push({ label: t().nav.taste, icon: Heart, href: href(["taste"]) });
  }
  items.push({ label: t().nav.settings, icon: Settings, run: settings });
  if (me.value?.session) {
    items.push({ label: t().signIn.out, icon: LogOut, run: () => void signOut().catch(sayError) });
  }
  return items;
}
