import { AudioLines, FolderPlus } from "lucide-preact";
import { LinkButton } from "../../components/LinkButton";
import { Message } from "../../components/Message";
import { href } from "../../router";
import { t } from "../../texts";

/** A library without any track: what to do. */
export function EmptyLibrary() {
  const texts = t().home;
  return (
    <Message
      icon={FolderPlus}
      title={texts.emptyTitle}
      actions={
        <LinkButton look="primary" to={href(["service"])}>
          {texts.emptyAction}
        </LinkButton>
      }
    >
      {texts.emptyHint}
    </Message>
  );
}

/** A library whose first tracks are being analysed. */
export function Analysing({ pending }: { pending: number }) {
  const texts = t().home;
  return (
    <Message
      icon={AudioLines}
      title={texts.analysing}
      actions={<LinkButton to={href(["service"])}>{texts.analysingAction}</LinkButton>}
    >
      {texts.analysingHint(pending)}
    </Message>
  );
}
