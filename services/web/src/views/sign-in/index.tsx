import { CircleUser, LogIn, ShieldAlert } from "lucide-preact";
import { Button } from "../../components/Button";
import { LinkButton } from "../../components/LinkButton";
import { ErrorMessage, Message } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { href, route } from "../../router";
import { enterKey } from "../../state/key";
import { me } from "../../state/listener";
import { useResource } from "../../state/resource";
import { findSignIn, signIn, signInUrl } from "../../state/session";
import { t } from "../../texts";

/** Where a sign-in begins, and where it ends if it fails: `#/sign-in?problem=expired`. */
export default function SignIn() {
  const { error, isLoading, reload } = useResource(findSignIn, []);
  const texts = t().signIn;
  const problem = route.value.query.get("problem");
  if (error) return <ErrorMessage error={error} onRetry={reload} />;
  if (isLoading) return <Skeleton of="rows" count={3} />;
  const home = <LinkButton to={href([])}>{t().errors.toHome}</LinkButton>;
  const session = me.value?.session;
  if (session) {
    return (
      <Message icon={CircleUser} title={texts.ready} actions={home}>
        {texts.readyHint(session.name)}
      </Message>
    );
  }
  const [title, text] = (problem && texts.problems[problem]) || [texts.title, texts.hint];
  const canSignIn = signInUrl.value !== null;
  return (
    <Message
      icon={problem ? ShieldAlert : LogIn}
      title={canSignIn || problem ? title : texts.nowhere}
      actions={
        <>
          {canSignIn && (
            <Button look="primary" icon={<LogIn size={18} aria-hidden="true" />} onClick={() => signIn("#/")}>
              {problem ? texts.again : texts.action}
            </Button>
          )}
          {me.value ? home : <Button onClick={enterKey}>{t().key.instead}</Button>}
        </>
      }
    >
      {canSignIn || problem ? text : texts.nowhereHint}
    </Message>
  );
}
