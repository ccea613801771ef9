import { Page } from "../../components/Page";
import { t } from "../../texts";

export default function Search() {
  return <Page title={t().nav.search}>{null}</Page>;
}
